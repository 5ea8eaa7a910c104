/** Loaded before the adapter's own code: kills the process, as kill -9 does, as it comes to the stage that DIE_AT names, for the DIE_ON-th time. */
import { atStage, type StoreStage } from './moments.ts';

const { DIE_AT, DIE_ON = '1' } = process.env;
atStage(DIE_AT as StoreStage, () => process.kill(process.pid, 'SIGKILL'), Number(DIE_ON));
