/** What is left of BaRS messages where the number that they give is another person's here as well, and one of the two is erased. */
import type { Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { idOfSent, taskIdOf } from '../../../src/nhs/bars/read-message.ts';
import { headersFor, messageOf, newReferral, post, type Referral } from '../../servers/bars-sender.ts';
import { idOf, recordOf, withNhsNumber } from '../../store/samples.ts';
import { NAME, open, type Place, until } from './place.ts';

const NUMBER = '9990000018';
const about = (referral: Referral) =>
  `ServiceRequest/${idOfSent(NAME, 'A83001', 'ServiceRequest', referral.id)}` as const;

/** The number is not verified in one of the two records: they are two people. */
async function referredBeside(place: Place): Promise<{ referral: Referral; personId: string }> {
  const other = withNhsNumber('other', NUMBER, '02');
  const record = recordOf([other], { key: '1', source: 'platform', sourceTimeMs: Date.now() });
  await place.pipeline.take([record], {
    ...{ id: 'receipt', source: 'platform', kind: 'any', receivedMs: Date.now(), file: undefined },
  });
  const referral = newReferral();
  const message = messageOf(referral, 'new');
  referral.bundle = message.id as string;
  place.sender.sent.set(referral.id, referral);
  const headers = headersFor({ 'x-correlation-id': referral.correlation });
  expect((await post(place.url, message, headers)).status).toBe(200);
  const update = messageOf(referral, 'update', { note: 'more' });
  expect(
    (await post(place.url, update, headersFor({ 'x-correlation-id': referral.correlation }))).status,
  ).toBe(200);
  const id = about(referral).slice('ServiceRequest/'.length);
  const task = (await place.store.read('Task', taskIdOf(NAME, id)))!.resource as Task;
  const personId = await place.store.personOf(task.for!.reference!.slice('Patient/'.length));
  expect(personId).not.toBe(idOf('other'));
  return { referral, personId };
}

test('who is erased is told of by no message any more, though another has their number', async () => {
  const place = await open();
  const { referral, personId } = await referredBeside(place);
  await place.store.erasePerson(personId, 'operator', Date.now());
  const kept = await place.store.messages.about(about(referral), NAME);
  expect(kept.map(({ replyTo, digest }) => [replyTo, digest])).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

test('whose number another has is answered about, though that other one is erased', async () => {
  const place = await open();
  const { referral } = await referredBeside(place);
  await place.store.erasePerson(idOf('other'), 'operator', Date.now());
  for (const { replyTo } of await place.store.messages.about(about(referral), NAME))
    expect(replyTo).toBeDefined();
  await place.say(about(referral).slice('ServiceRequest/'.length), 'accepted', 'active');
  await until(() => place.sender.told.get(referral.id)?.at(-1)?.task === 'accepted');
});
