/** A document to an organisation whose mailbox MESH is asked for: one is written to, none or several are a question for a person. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { meshWay } from '../../../src/target/document/mesh.ts';
import type { Errand, Gone } from '../../../src/target/document/way.ts';
import type { MeshServer } from '../../servers/mesh.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { assembled, CLOSED, CLOSED_REQUEST, documentOf } from '../../target/document/samples.ts';
import { Clock, mailbox, meshServer, PASSWORD, SIGNAL } from '../mesh/harness.ts';
import { SETTINGS } from './names.ts';

async function errandTo(odsCode: string | undefined): Promise<Errand> {
  const { bundle, summary } = await documentOf(assembled(...CLOSED), CLOSED_REQUEST);
  const addressee = { odsCode, personName: summary.person.name, location: 'Riverside' };
  const facts = { title: summary.title, addressee, version: 1, isCodedOnly: false };
  const document = { ...facts, reference: bundle.id!, bundle: JSON.stringify(bundle) };
  return { id: 'document.0', document, about: 'Task/t', ownerOrg: 'X26', way: 0 };
}

async function sendTo(odsCode: string | undefined): Promise<{ gone: Gone; server: MeshServer }> {
  const [clock, store] = [new Clock(), await temporaryStore()];
  const taking = { password: 'other', workflows: [SETTINGS.workflow] };
  const mailboxes = {
    OURS: { password: PASSWORD, ods: 'A1A1A' },
    REFERRER: { ...taking, ods: 'Y00001' },
    FIRST: { ...taking, ods: 'Y00002' },
    SECOND: { ...taking, ods: 'Y00002' },
  };
  const server = await meshServer(clock, { mailboxes });
  const channel = mailbox({ server, store, clock });
  const way = meshWay({
    ...{ channel, to: 'organisation', workflowId: SETTINGS.workflow, subject: SETTINGS.subject },
    ...{ format: 'xml', names: SETTINGS.names, businessAcknowledgement: true },
    sender: { odsCode: 'A1A1A', name: 'Example Link Workers' },
    source: { name: 'Hedgerow', endpoint: SETTINGS.endpoint },
  });
  return { gone: await way.send(await errandTo(odsCode), SIGNAL), server };
}

test('the one mailbox of an organisation that takes the workflow is written to', async () => {
  const { gone, server } = await sendTo('Y00001');
  expect([gone.state, server.messages.map(({ to }) => to)]).toEqual(['sent', ['REFERRER']]);
});

test.each([
  ['without a mailbox for it', 'Y09999', 'no mailbox'],
  ['with several', 'Y00002', 'several mailboxes'],
  ['without an ODS code', undefined, 'it has no ODS code'],
])('an organisation %s is not written to, and the next way is gone', async (_what, odsCode, why) => {
  const { gone, server } = await sendTo(odsCode);
  if (gone.state !== 'rejected') throw new Error(`it was ${gone.state}`);
  const [issue] = gone.outcome.issue;
  expect(ruleOf(issue!)).toBe('document-address');
  expect(issue!.diagnostics).toContain(why);
  expect(server.messages).toEqual([]);
});
