/** Writes the JSON Schema of hedgerow.config.json, for editors; a test holds the committed file against the code. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '../src/config.ts';

const FILE = join(import.meta.dirname, '../hedgerow.config.schema.json');
writeFileSync(FILE, `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
