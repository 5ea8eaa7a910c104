/** The failure matrix, on the way out: what of the NHS the way to a target depends on fails at every stage. */
import { testCells } from './matrix-run.ts';

testCells(['token-endpoint-down', 'ods-down'], ['intake', 'commit', 'claim', 'send', 'settle']);
