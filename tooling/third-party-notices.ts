/** Turns the installed packages that Hedgerow runs with into THIRD-PARTY-NOTICES.md: who made them, and under which licences. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What package-lock.json says of a package. */
interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  /** machines that it is for; absent where for all */
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
}

interface Notice {
  readonly title: string;
  readonly licence: string;
  /** licence files, then notices that must go with them; empty where the package has none */
  readonly texts: readonly string[];
}

/** Licence files, and the NOTICE files that Apache-2.0 asks to be passed on. */
const LICENCE_FILE = /^(?:un)?(?:licen[cs]e|copying|notice)(?:[.-][\w.-]+)?$/i;

/** @param root folder with package-lock.json and node_modules, where `npm ci` has run @returns the page; the same on every machine */
export function thirdPartyNotices(root: string): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const used = Object.entries(lock.packages).filter(
    ([path, one]) => path !== '' && !one.dev && !one.devOptional,
  );
  const runtimes = used.filter(([, { os, cpu }]) => os || cpu);
  const notices = used.filter(([, { os, cpu }]) => !os && !cpu).map(([path]) => noticeOf(join(root, path)));
  notices.sort((a, b) => (a.title < b.title ? -1 : 1));
  return [
    '# Third-party notices',
    'Hedgerow runs with the packages below; `node tooling/third-party-notices.ts` writes this page from what is installed. Licence texts that are the same stand here once.',
    ...runtimeTexts(runtimes),
    '## Packages',
    [
      '| Package | Licence |',
      '|---|---|',
      ...unique(notices.map(({ title, licence }) => `| ${title} | ${licence} |`)),
    ].join('\n'),
    '## Licence texts',
    ...licenceTexts(notices),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

/** The one that fits the machine is installed, so that their texts are not all at hand. */
function runtimeTexts(runtimes: readonly (readonly [string, Locked])[]): string[] {
  const named = runtimes.map(([path, { version, license = 'not said' }]) => ({
    name: path.replace(/^.*node_modules\//, ''),
    version,
    license,
  }));
  const isNode = ({ name }: { readonly name: string }): boolean => /^node-(?:bin-)?[a-z]+-/.test(name);
  const nodes = named.filter(isNode).map(({ name, version }) => `${name} ${version}`);
  const others = named
    .filter((one) => !isNode(one))
    .map(({ name, version, license }) => `${name} ${version} (${license})`);
  return [
    `Node.js is installed with them, as one of the packages ${nodes.join(', ')}. Its licence (MIT), with those of the libraries within it, is at <https://github.com/nodejs/node/blob/main/LICENSE>.`,
    ...(others.length > 0
      ? [`Of these, what fits the machine is installed; each holds its licence: ${others.join(', ')}.`]
      : []),
  ];
}

/** @throws Error when the package is not installed */
function noticeOf(folder: string): Notice {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) throw new Error(`${folder} is not installed: run "npm ci" first`);
  const { name, version, license = 'see below', author } = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  const by = typeof author === 'string' ? author : author?.name;
  const texts = readdirSync(folder)
    .filter((entry) => LICENCE_FILE.test(entry))
    .sort()
    .map((entry) => readFileSync(join(folder, entry), 'utf8').replaceAll(/\r\n?/g, '\n').trim());
  const madeBy = texts.length === 0 && by !== undefined ? `, by ${by.replace(/ *[<(].*$/, '')}` : '';
  return { title: `${name} ${version}${madeBy}`, licence: license, texts };
}

function licenceTexts(notices: readonly Notice[]): string[] {
  const titles = new Map<string, string[]>();
  for (const { title, texts } of notices) {
    for (const text of texts) titles.set(text, [...(titles.get(text) ?? []), title]);
  }
  return [...titles].map(([text, of]) => `### ${unique(of).join(', ')}\n\n${fenced(text)}`);
}

function fenced(text: string): string {
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return `${fence}text\n${text}\n${fence}`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  writeFileSync(join(root, 'THIRD-PARTY-NOTICES.md'), thirdPartyNotices(root));
}
