/** What every engine must do about what ties a restricted person to a place without saying it: practices, homes, numbers, messages. */
import { expect, test } from 'vitest';
import type { CommitRecord, Identified, Store, WrittenVersion } from '../../../src/store/store.ts';
import {
  commit,
  idOf,
  NHS_NUMBER,
  NOW_MS,
  organization,
  patient,
  RULES,
  recordOf,
  referral,
  withNhsNumber,
} from '../samples.ts';
import {
  at,
  expectHidden,
  LINE,
  pds,
  relative,
  restricted,
  SECURITY,
  told,
  unverified,
} from './whereabouts.ts';

export function restrictedTiesContract(open: () => Promise<Store>): void {
  test('leaves out what leads to a practice over other resources, and keeps what the record names besides', async () => {
    const store = await open();
    const role = (name: string, of: string): Identified =>
      ({
        resourceType: 'PractitionerRole',
        id: idOf(name),
        organization: { reference: `Organization/${idOf(of)}` },
        location: [{ reference: `Location/${idOf(`place of ${of}`)}` }],
      }) as Identified;
    const place = (of: string): Identified =>
      ({ resourceType: 'Location', id: idOf(`place of ${of}`), name: of }) as Identified;
    const said = patient('a', {
      meta: { security: [SECURITY] },
      generalPractitioner: [
        { reference: `PractitionerRole/${idOf('doctor')}` },
        { reference: `PractitionerRole/${idOf('nurse')}` },
      ],
    });
    const asked = referral('s', 'a', { requester: { reference: `PractitionerRole/${idOf('nurse')}` } });
    const parts = [role('doctor', 'gp'), organization('gp'), place('gp')];
    const named = [role('nurse', 'clinic'), organization('clinic'), place('clinic')];
    await commit(store, recordOf([said, ...parts, asked, ...named]));
    for (const { resourceType, id } of parts) expect(await store.read(resourceType, id)).toBeUndefined();
    for (const { resourceType, id } of named) expect(await store.read(resourceType, id)).toBeDefined();
  });

  test('parts a practice that was named before from whoever is restricted, and leaves the practice to others', async () => {
    const store = await open();
    const rules = {
      ...RULES,
      provenanceId: ({ key, digest }: CommitRecord) => idOf(`provenance ${key} ${digest}`),
      provenance: (record: CommitRecord, written: readonly WrittenVersion[]) => ({
        resourceType: 'Provenance' as const,
        id: idOf(`provenance ${record.key} ${record.digest}`),
        target: written.map(({ type, id, version }) => ({ reference: `${type}/${id}/_history/${version}` })),
        recorded: '2025-03-03T09:00:00Z',
        agent: [{ who: { display: 'demo' } }],
      }),
    };
    const of = (name: string): Identified =>
      patient(name, { generalPractitioner: [{ reference: `Organization/${idOf('gp')}` }] });
    const records = ['a', 'b'].map((name) => recordOf([of(name), organization('gp')], { key: name }));
    for (const one of records) await store.commit([one], rules, NOW_MS);
    await store.commit(
      [recordOf([of('a'), organization('gp', 'Renamed')], { key: 'a', sourceTimeMs: NOW_MS + 1 })],
      rules,
      NOW_MS,
    );
    const gp = `Organization/${idOf('gp')}`;
    expect(await told(store, 'a')).toContain(gp);
    await store.commit([pds('a', restricted('a'))], rules, NOW_MS);
    expect(await told(store, 'a')).not.toContain(gp);
    expect(await told(store, 'b')).toContain(gp);
    expect((await store.read('Organization', idOf('gp')))?.resource).toMatchObject({ name: 'Renamed' });
    const audit = (await store.audit(100)).filter(({ detail }) => detail.includes(gp));
    expect(audit.map(({ detail }) => Object.keys(JSON.parse(detail) as object))).toEqual([
      ['kind', 'written'],
      ['kind', 'written'],
    ]);
    expect(audit.some(({ detail }) => detail.includes('Patient/'))).toBe(false);
    await store.commit(
      [recordOf([of('b'), organization('gp', 'Again')], { key: 'b', sourceTimeMs: NOW_MS + 2 })],
      rules,
      NOW_MS,
    );
    expect((await store.read('Organization', idOf('gp')))?.resource).toMatchObject({ name: 'Again' });
  });

  test('takes the place out of a home, and leaves other places as they are', async () => {
    const store = await open();
    const place = (name: string, code: string): Identified =>
      ({
        resourceType: 'Location',
        id: idOf(name),
        physicalType: { coding: [{ code }] },
        address: { line: [name === 'home' ? LINE : 'Town Hall'] },
      }) as Identified;
    await commit(store, recordOf([at('a'), place('home', 'ho'), place('hall', 'bu')], { key: '1' }));
    await commit(store, pds('a', restricted('a')));
    const read = async (name: string): Promise<string> =>
      JSON.stringify(await store.history('Location', idOf(name), 9));
    expect(await read('home')).not.toContain(LINE);
    expect(await read('hall')).toContain('Town Hall');
    await commit(store, recordOf([at('a'), place('home', 'ho')], { key: '1', sourceTimeMs: NOW_MS + 1 }));
    expect(await read('home')).not.toContain(LINE);
  });

  test('keeps out where somebody is who is said to have the number of a restricted person, verified or not', async () => {
    const store = await open();
    await commit(store, recordOf([at('a')], { key: '1' }));
    await commit(store, recordOf([unverified('early')], { key: '2', source: 'platform' }));
    expect(await told(store, 'early')).toContain(LINE);
    await commit(store, pds('a', { ...withNhsNumber('a', NHS_NUMBER), ...restricted('a') } as Identified));
    await commit(store, recordOf([unverified('late')], { key: '3', source: 'platform' }));
    await commit(store, recordOf([relative('r', 'late')], { key: '4', source: 'platform' }));
    for (const name of ['early', 'late']) {
      expect(await store.personOf(idOf(name))).toBe(idOf(name));
      await expectHidden(store, name);
    }
    await commit(store, pds('a', withNhsNumber('a', NHS_NUMBER)));
    await commit(store, recordOf([unverified('late')], { key: '5', source: 'platform' }));
    expect(await told(store, 'late')).toContain(LINE);
  });

  test('messages follow the person that they are about, through a join and its undoing', async () => {
    const store = await open();
    await commit(store, recordOf([at('a')], { key: '1' }), recordOf([at('b', '9990000026')], { key: '2' }));
    const keep = async (id: string, personId: string): Promise<unknown> =>
      store.messages.keep(
        {
          ...{ channel: 'bars', direction: 'out', conversation: id, ownerOrg: 'X26', state: 'sent', id },
          ...{ about: `Patient/${idOf('b')}`, personId, body: LINE },
        },
        NOW_MS,
      );
    const personOf = async (id: string): Promise<string | undefined> =>
      (await store.messages.get({ channel: 'bars', direction: 'out', id }))?.personId;
    await keep('before', idOf('b'));
    await store.linkPerson(idOf('b'), idOf('a'), 'by hand', NOW_MS);
    expect(await personOf('before')).toBe(idOf('a'));
    await keep('while', idOf('a'));
    await store.unlinkPerson(idOf('b'), NOW_MS);
    for (const id of ['before', 'while']) expect(await personOf(id)).toBe(idOf('b'));
    await commit(store, pds('b', restricted('b')));
    await expectHidden(store, 'b');
  });
}
