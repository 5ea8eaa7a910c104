/** The failure matrix, on the way out: the target, and the way to it, fail at every stage. */
import { testCells } from './matrix-run.ts';

testCells(
  [
    'target-down',
    'target-slow',
    'target-500',
    'target-502',
    'target-504',
    'target-429',
    'cut-request',
    'cut-answer',
    'lose-answer',
    'tls-refused',
    'token-expired',
    'webhook-down',
  ],
  ['intake', 'commit', 'claim', 'send', 'settle'],
);
