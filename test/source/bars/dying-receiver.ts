/** A process that receives one message by BaRS and is killed, as by kill -9, at the moment that it is told. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadValidator, ROOT } from '../../../src/cli/load.ts';
import { openSqliteStore } from '../../../src/store/sqlite/store.ts';
import type { MessageStore, Store } from '../../../src/store/store.ts';
import { pipelineWith, receiverOver } from './receiver-over.ts';

const [file, moment, input] = process.argv.slice(2) as [string, 'kept' | 'committed', string];
const { headers, text } = JSON.parse(readFileSync(input, 'utf8')) as {
  headers: Record<string, string>;
  text: string;
};
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('dead');
};

// nothing is mapped here: what a message says is FHIR already
const { definitions, validator } = loadValidator({ dataDir: dirname(file) }, ROOT);
const parts = { maps: new Map(), claims: new Map(), validator };
const store = await openSqliteStore({ file, definitions });
const messages: MessageStore = {
  ...boundOf(store.messages),
  keep: async (...given) => {
    const kept = await store.messages.keep(...given);
    return moment === 'kept' ? die() : kept;
  },
  change: async () => die(),
};
const over = new Proxy(store, {
  get: (of: Store, name) => (name === 'messages' ? messages : Reflect.get(of, name, of)),
});
await receiverOver(over, pipelineWith(store, parts)).process(headers, text);

function boundOf(of: MessageStore): MessageStore {
  return {
    keep: (...given) => of.keep(...given),
    change: (...given) => of.change(...given),
    get: (...given) => of.get(...given),
    byRemoteId: (...given) => of.byRemoteId(...given),
    ofConversation: (...given) => of.ofConversation(...given),
    about: (...given) => of.about(...given),
    withBody: (...given) => of.withBody(...given),
    overdue: (...given) => of.overdue(...given),
  };
}
