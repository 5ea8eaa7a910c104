/** Names of coded activity among targets, and of what it puts on the worklist. */

/** Name in the outbox, beside those of configured targets. */
export const ACTIVITY_TARGET = 'coded-activity';
export const REJECTED_ENTRY = 'activity-rejected';
export const UNFILED_ENTRY = 'activity-unfiled';
export const AGAIN_ENTRY = 'activity-again';
