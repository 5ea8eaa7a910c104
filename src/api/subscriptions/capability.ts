/** Adds Subscriptions, their operations and their topics to the capability statement. */
import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';
import { BACKPORT } from './asked.ts';
import { SUBSCRIPTION_PARAMETERS } from './search.ts';
import { TOPICS } from './topics.ts';

const OPERATION = 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition';

/** @source Subscriptions R5 Backport 1.1, backport-subscription-server-r4 */
const SUBSCRIPTION: CapabilityStatementRestResource = {
  extension: TOPICS.map(({ url }) => ({
    url: `${BACKPORT}/capabilitystatement-subscriptiontopic-canonical`,
    valueCanonical: url,
  })),
  type: 'Subscription',
  supportedProfile: [`${BACKPORT}/backport-subscription`],
  documentation: `Channel rest-hook. Topics: ${TOPICS.map(({ url, description }) => `${url}: ${description}`).join(' ')}`,
  interaction: (['create', 'read', 'update', 'delete', 'search-type'] as const).map((code) => ({ code })),
  versioning: 'versioned-update',
  readHistory: false,
  updateCreate: false,
  conditionalCreate: false,
  conditionalRead: 'full-support',
  conditionalUpdate: false,
  conditionalDelete: 'not-supported',
  searchParam: [
    { name: '_id', type: 'token', definition: 'http://hl7.org/fhir/SearchParameter/Resource-id' },
    ...SUBSCRIPTION_PARAMETERS.map(({ name, type }) => ({
      name,
      type,
      definition: `http://hl7.org/fhir/SearchParameter/Subscription-${name}`,
    })),
  ],
  operation: [
    { name: 'status', definition: `${OPERATION}/backport-subscription-status` },
    { name: 'events', definition: `${OPERATION}/backport-subscription-events` },
  ],
};

export function saysSubscriptions(statement: CapabilityStatement): CapabilityStatement {
  return {
    ...statement,
    rest: statement.rest?.map((rest) => ({ ...rest, resource: [...(rest.resource ?? []), SUBSCRIPTION] })),
  };
}
