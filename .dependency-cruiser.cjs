/** Turns the layout's import order into rules: a folder may import only folders to its left. */
const ORDER = [
  ['fhir'], ['fhirpath', 'wire'], ['referral'], ['mapping', 'validation'], ['store'], ['outbox'], ['nhs'], ['source', 'target'],
  ['intake'], ['pipeline.ts'], ['research'], ['api'], ['console'], ['config'], ['config-targets.ts'], ['config-schema.ts'], ['config.ts', 'cli'], ['main.ts'],
];
const place = (name) => `^src/${name.replace('.', '\\.')}${name.endsWith('.ts') ? '$' : '/'}`;

const rules = ORDER.flatMap((level, at) =>
  level.map((name) => ({
    name: `${name.replace('.ts', '')}-imports-left-only`,
    severity: 'error',
    from: { path: place(name) },
    to: {
      path: [...ORDER.slice(at + 1).flat(), ...level.filter((other) => other !== name && !(name === 'cli' && other === 'config.ts'))].map(place).concat('^src/sandbox/'),
      // the command line starts the sandbox
      ...(name === 'cli' || name === 'main.ts' ? { pathNot: '^src/sandbox/' } : {}),
    },
  })),
);

module.exports = {
  forbidden: [
    ...rules,
    { name: 'sandbox-stands-alone', severity: 'error', from: { path: '^src/sandbox/' }, to: { path: '^src/', pathNot: '^src/(sandbox|fhir|fhirpath)/' } },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-test-code-in-src', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench|tooling)/' } },
    { name: 'no-dev-packages-in-src', severity: 'error', from: { path: '^src/' }, to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], mainFields: ['module', 'main', 'types'] },
  },
};
