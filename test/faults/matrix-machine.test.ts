/** The failure matrix, on the way out: the adapter, its database, its disk, its clock and its source fail at every stage. */
import { testCells } from './matrix-run.ts';

testCells(
  [
    'kill-adapter',
    'kill-postgres',
    'disk-full',
    'clock-ahead',
    'clock-behind',
    'source-down',
    'two-adapters',
  ],
  ['intake', 'commit', 'claim', 'send', 'settle'],
);
