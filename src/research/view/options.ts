/** What the caller of a view answers for it, and how far it may go. */
import type { Host } from '../../fhirpath/host.ts';
import type { Limits } from '../../fhirpath/limits.ts';
import type { ViewLimits } from './definition.ts';

export interface ViewOptions extends Host {
  /** of `now()` and `today()`: epoch milliseconds, read in UTC, or an ISO dateTime with zone */
  readonly now?: number | string;
  readonly viewLimits?: Partial<ViewLimits>;
  /** of the expressions; visits and text count for all of the rows of one resource */
  readonly limits?: Partial<Limits>;
}
