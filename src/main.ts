/** Starts the command line under a Node that can run it; what it compiles is kept beside its packages, so that later starts are quicker. */
import module from 'node:module';
import { join } from 'node:path';

const OLDEST_NODE = 24;
if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(
    `Hedgerow needs Node ${OLDEST_NODE} or newer; this is ${process.version}. "npm start" brings its own: run "npm ci" once, then "npm start".\n`,
  );
  process.exit(1);
}

// Not where others may write: what is read back is run. A folder that cannot be written to changes nothing.
module.enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/hedgerow'));
await import('./cli/commands.ts');
