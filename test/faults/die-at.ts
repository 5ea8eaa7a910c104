/** Loaded before the adapter's own code: kills the process, as kill -9 does, as it comes to the stage that DIE_AT names. */
import { atStage, type StoreStage } from './moments.ts';

atStage(process.env.DIE_AT as StoreStage, () => process.kill(process.pid, 'SIGKILL'));
