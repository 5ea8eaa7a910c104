/** A file that nothing tells the kind of: what its sender is told to do. */
import { expect, test } from 'vitest';
import { kindByName, noKind } from '../../src/source/choose-kind.ts';
import type { LoadedSource } from '../../src/source/load.ts';
import { charity } from './charity.ts';

/** @returns the charity, where of these kinds the manifest says no file names */
function withoutFiles(...nameless: string[]): LoadedSource {
  const kinds = [...charity.kinds].map(([kind, reader]) => {
    const { files: _files, ...manifest } = reader.manifest;
    return [kind, nameless.includes(kind) ? { ...reader, manifest } : reader] as const;
  });
  return { ...charity, kinds: new Map(kinds) };
}

const told = (source: LoadedSource): string => noKind(source).outcome.issue[0]!.diagnostics!;

test('a kind without file names is to be named: no name of a file would tell it', () => {
  const source = withoutFiles('event');
  expect(kindByName(source, 'event-1.json')).toBeUndefined();
  expect(told(source)).toBe(
    'nothing tells what kind of record the file holds: begin its name with People or person, Visits or visit, or put the column names of one into the first row of a table, or name the kind (--kind) for event, or give it "files" in source.json',
  );
});

test('a source whose kinds all have file names says those alone, one whose kinds have none asks for the kind', () => {
  expect(told(charity)).not.toContain('--kind');
  const none = told(withoutFiles('person', 'visit', 'event'));
  expect(none).not.toContain('begin its name');
  expect(none).toContain('name the kind (--kind) for person, visit, event');
});
