/** The failure matrix, on the way back: every fault while changes of an EHR are taken in. */
import { testCells } from './matrix-run.ts';
import { FAULTS, type FaultName } from './matrix-table.ts';

testCells(Object.keys(FAULTS) as FaultName[], ['back-leg']);
