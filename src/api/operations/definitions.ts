/** The operations that are ours: what they are called, take and give, as OperationDefinitions. */
import type { OperationDefinition, OperationDefinitionParameter } from '@medplum/fhirtypes';

/** Canonical of each is this and its id. */
const BASE = 'https://hedgerow.example/fhir/OperationDefinition';

function parameter(
  name: string,
  use: 'in' | 'out',
  [min, max]: readonly [number, string],
  type: OperationDefinitionParameter['type'],
  documentation: string,
  part?: OperationDefinitionParameter[],
): OperationDefinitionParameter {
  return {
    ...{ name, use, min, max, documentation },
    ...(type === undefined ? {} : { type }),
    ...(part ? { part } : {}),
  };
}

function definition(
  id: string,
  code: string,
  levels: Pick<OperationDefinition, 'system' | 'type' | 'instance'> & {
    readonly resource?: readonly string[];
  },
  title: string,
  description: string,
  parameters: OperationDefinitionParameter[],
): OperationDefinition & { readonly id: string } {
  const { system, type, instance, resource } = levels;
  return {
    resourceType: 'OperationDefinition',
    id,
    url: `${BASE}/${id}`,
    name: id.replaceAll(/(?:^|-)(\w)/g, (_all, letter: string) => letter.toUpperCase()),
    title,
    status: 'active',
    kind: 'operation',
    affectsState: false,
    description,
    code,
    ...(resource ? { resource: [...resource] as OperationDefinition['resource'] } : {}),
    ...{ system, type, instance },
    parameter: parameters,
  };
}

const SYSTEM = { system: true, type: false, instance: false };
const REFERRAL = { system: false, type: false, instance: true, resource: ['ServiceRequest'] };

export const CONVERT = definition(
  'hedgerow-convert',
  'convert',
  SYSTEM,
  'Convert records of a source',
  'Turns records of a source into FHIR as an intake would, and stores nothing. The body is a Parameters, or the records themselves (JSON, NDJSON, CSV) with the other parameters in the address.',
  [
    parameter('source', 'in', [1, '1'], 'string', 'Name of the source, such as platform'),
    parameter('kind', 'in', [1, '1'], 'string', 'Kind of the records, such as referral'),
    parameter('format', 'in', [0, '1'], 'code', 'json (default), ndjson or csv'),
    parameter('record', 'in', [1, '1'], 'string', 'The records, as the source writes them'),
    parameter('lineage', 'in', [0, '1'], 'boolean', 'Whether to say where each element comes from'),
    parameter('return', 'out', [0, '1'], 'Bundle', 'What the good records became, as a collection'),
    parameter('outcome', 'out', [0, '1'], 'OperationOutcome', 'Every fault and warning, with its place'),
    parameter('lineage', 'out', [0, '*'], undefined, 'Where an element comes from', [
      parameter('resource', 'out', [1, '1'], 'Reference', 'The resource of the Bundle'),
      parameter('element', 'out', [1, '1'], 'string', 'FHIRPath of the element'),
      parameter('field', 'out', [0, '*'], 'string', 'Field of the record; none for a constant of the map'),
      parameter(
        'rule',
        'out',
        [1, '*'],
        'string',
        'Rule of a map that wrote it: file, line, column; the last hop first',
      ),
    ]),
  ],
);

export const STATUS = definition(
  'hedgerow-status',
  'status',
  SYSTEM,
  'How the adapter stands',
  'Says which versions run, what the client may read, whether the store takes writes, and how its Subscriptions stand; deliveries and open work only to clients that see all organisations, since they are counted over all.',
  [
    parameter('version', 'out', [1, '1'], 'string', 'Version of the adapter'),
    parameter('fhirVersion', 'out', [1, '1'], 'code', 'Version of FHIR'),
    parameter('time', 'out', [1, '1'], 'instant', 'When this was so'),
    parameter('writable', 'out', [1, '1'], 'boolean', 'Whether the store takes writes'),
    parameter('type', 'out', [0, '*'], 'code', 'Types that the client may read'),
    parameter('target', 'out', [0, '*'], undefined, 'Deliveries to one target', [
      parameter('name', 'out', [1, '1'], 'string', 'Name of the target'),
      ...['waiting', 'claimed', 'parked', 'held', 'delivered'].map((name) =>
        parameter(name, 'out', [1, '1'], 'integer', `Deliveries that are ${name}`),
      ),
      parameter('oldestWaitingSeconds', 'out', [0, '1'], 'integer', 'How long the oldest is in line'),
    ]),
    parameter('work', 'out', [0, '*'], undefined, 'Open items of the worklist', [
      parameter('kind', 'out', [1, '1'], 'code', 'Kind of work'),
      parameter('open', 'out', [1, '1'], 'integer', 'How many'),
    ]),
    parameter('subscription', 'out', [0, '*'], undefined, "The client's own Subscriptions", [
      parameter('status', 'out', [1, '1'], 'code', 'Status of a Subscription'),
      parameter('count', 'out', [1, '1'], 'integer', 'How many'),
    ]),
  ],
);

export const REFERRAL_STATUS = definition(
  'hedgerow-referral-status',
  'status',
  REFERRAL,
  'Where a referral stands',
  'Says the state of the referral, what may happen next and by whom, and what was delivered where and what the receiver made of it.',
  [
    parameter('referral', 'out', [1, '1'], 'Reference', 'The ServiceRequest'),
    parameter('status', 'out', [1, '1'], 'code', 'Its status'),
    parameter('task', 'out', [0, '1'], 'Reference', 'The Task that fulfils it'),
    parameter(
      'state',
      'out',
      [0, '1'],
      'code',
      'State of the referral: status of the Task; none without one',
    ),
    parameter('businessStatus', 'out', [0, '1'], 'CodeableConcept', 'What the Task says beside it'),
    parameter('since', 'out', [0, '1'], 'instant', 'When the Task came to be so'),
    parameter('next', 'out', [0, '*'], undefined, 'What may happen next', [
      parameter('event', 'out', [1, '1'], 'code', 'What happens'),
      parameter('by', 'out', [1, '*'], 'code', 'referrer, service or receiving-service'),
      parameter('state', 'out', [1, '1'], 'code', 'State that it leads to'),
    ]),
    parameter('delivery', 'out', [0, '*'], undefined, 'The referral at one target', [
      parameter('target', 'out', [1, '1'], 'string', 'Name of the target'),
      parameter('state', 'out', [1, '1'], 'code', 'delivered, behind, parked or held'),
      parameter('version', 'out', [0, '1'], 'string', 'Version that was delivered last'),
      parameter('delivered', 'out', [0, '1'], 'instant', 'When it was'),
      parameter(
        'filing',
        'out',
        [0, '1'],
        'code',
        'What the receiver made of it: sent, filed, amended, rejected',
      ),
    ]),
  ],
);

export const OPERATIONS: readonly (OperationDefinition & { readonly id: string })[] = [
  CONVERT,
  STATUS,
  REFERRAL_STATUS,
];
