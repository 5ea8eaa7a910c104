/** Something that runs beside intake and delivery, from start to stop. */
import type { Router } from 'express';

/** Before its start it asks and sends nothing. */
export interface Service {
  readonly routes?: Router;
  start(): void;
  stop(): Promise<void>;
}
