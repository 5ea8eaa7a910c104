/** The parts of the report, in the order in which they are read. */

import type { MakeSection } from './exhibit.ts';
import { inequalitiesSection } from './inequalities.ts';
import { measuredSection } from './measured.ts';
import { needsSection } from './needs.ts';
import { outcomesSection } from './outcomes.ts';
import { reachSection } from './reach.ts';
import { servicesSection } from './services.ts';
import { waitingSection } from './waiting.ts';

export const SECTIONS: readonly MakeSection[] = [
  reachSection,
  waitingSection,
  needsSection,
  outcomesSection,
  inequalitiesSection,
  measuredSection,
  servicesSection,
];
