/** Turns STU3 resources into JSON or XML with their elements in the order of STU3, and refuses what STU3 does not have. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/** A resource of STU3: the types of R4 do not hold for it. */
export interface Stu3Resource {
  readonly resourceType: string;
  readonly [element: string]: unknown;
}

type Shape = Readonly<Record<string, string>>;

/** Elements in order, each with the type of what it holds; `-` is a primitive, `*` a resource, `div` a narrative's. */
function shape(text: string): Shape {
  return Object.fromEntries(text.split(' ').map((one) => one.split(':') as [string, string]));
}

const ELEMENT = 'extension:Extension';
const RESOURCE = `id:- meta:Meta implicitRules:- language:-`;
const DOMAIN = `${RESOURCE} text:Narrative contained:* ${ELEMENT}`;

/**
 * The types that a document is sent in, and no others.
 * @source HL7 FHIR STU3 (3.0.1), resource and data type definitions
 */
const SHAPES: Readonly<Record<string, Shape>> = {
  Bundle: shape(`${RESOURCE} identifier:Identifier type:- total:- entry:BundleEntry`),
  BundleEntry: shape('fullUrl:- resource:*'),
  MessageHeader: shape(
    `${DOMAIN} event:Coding destination:MessageDestination receiver:Reference sender:Reference timestamp:- enterer:Reference author:Reference source:MessageSource responsible:Reference reason:CodeableConcept response:MessageResponse focus:Reference`,
  ),
  MessageDestination: shape('name:- target:Reference endpoint:-'),
  MessageSource: shape('name:- software:- version:- contact:ContactPoint endpoint:-'),
  MessageResponse: shape('identifier:- code:- details:Reference'),
  OperationOutcome: shape(`${DOMAIN} issue:OutcomeIssue`),
  OutcomeIssue: shape('severity:- code:- details:CodeableConcept diagnostics:-'),
  Composition: shape(
    `${DOMAIN} identifier:Identifier status:- type:CodeableConcept class:CodeableConcept subject:Reference encounter:Reference date:- author:Reference title:- confidentiality:- attester:Attester custodian:Reference relatesTo:RelatesTo section:Section`,
  ),
  Attester: shape('mode:- time:- party:Reference'),
  RelatesTo: shape('code:- targetIdentifier:Identifier targetReference:Reference'),
  Section: shape('title:- code:CodeableConcept text:Narrative mode:- entry:Reference'),
  Binary: shape(`${RESOURCE} contentType:- securityContext:Reference content:-`),
  Patient: shape(
    `${DOMAIN} identifier:Identifier active:- name:HumanName telecom:ContactPoint gender:- birthDate:- deceasedBoolean:- deceasedDateTime:- address:Address generalPractitioner:Reference managingOrganization:Reference`,
  ),
  Practitioner: shape(
    `${DOMAIN} identifier:Identifier active:- name:HumanName telecom:ContactPoint address:Address gender:-`,
  ),
  PractitionerRole: shape(
    `${DOMAIN} identifier:Identifier active:- practitioner:Reference organization:Reference code:CodeableConcept specialty:CodeableConcept telecom:ContactPoint`,
  ),
  Organization: shape(
    `${DOMAIN} identifier:Identifier active:- type:CodeableConcept name:- telecom:ContactPoint address:Address partOf:Reference`,
  ),
  Meta: shape('versionId:- lastUpdated:- profile:- security:Coding tag:Coding'),
  Narrative: shape('status:- div:div'),
  Extension: shape(
    `${ELEMENT} valueBoolean:- valueCode:- valueString:- valueUri:- valueCoding:Coding valueReference:Reference`,
  ),
  Identifier: shape('use:- type:CodeableConcept system:- value:-'),
  CodeableConcept: shape('coding:Coding text:-'),
  Coding: shape('system:- version:- code:- display:-'),
  Reference: shape('reference:- identifier:Identifier display:-'),
  HumanName: shape('use:- text:- family:- given:- prefix:- suffix:-'),
  ContactPoint: shape('system:- value:- use:- rank:-'),
  Address: shape('use:- type:- text:- line:- city:- district:- state:- postalCode:- country:-'),
};

type Json = Readonly<Record<string, unknown>>;

/** @throws AdapterError permanent when a type or element is none of STU3's as they are written here */
export function stu3Json(resource: Stu3Resource): string {
  return JSON.stringify(ordered(resource.resourceType, resource));
}

function ordered(type: string, value: Json): Json {
  const elements = shapeOf(type, value);
  const kept: Record<string, unknown> = {};
  if (typeof value.resourceType === 'string') kept.resourceType = value.resourceType;
  if (type === 'Extension') kept.url = value.url;
  for (const [name, of] of Object.entries(elements)) {
    const member = value[name];
    if (member === undefined) continue;
    kept[name] = Array.isArray(member) ? member.map((item) => orderedOne(of, item)) : orderedOne(of, member);
  }
  return kept;
}

function orderedOne(of: string, value: unknown): unknown {
  if (of === '-' || of === 'div') return value;
  return ordered(of === '*' ? (value as Stu3Resource).resourceType : of, value as Json);
}

/** @throws AdapterError permanent, as `stu3Json` */
export function stu3Xml(resource: Stu3Resource): string {
  const { resourceType: type } = resource;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${type} xmlns="http://hl7.org/fhir">${xmlIn(type, resource)}</${type}>`;
}

function xmlIn(type: string, value: Json): string {
  return Object.entries(shapeOf(type, value))
    .map(([name, of]) => {
      const member = value[name];
      if (member === undefined) return '';
      return (Array.isArray(member) ? member : [member]).map((item) => xmlOne(name, of, item)).join('');
    })
    .join('');
}

function xmlOne(name: string, of: string, value: unknown): string {
  if (of === 'div') return String(value);
  if (of === '-') return `<${name} value="${inXml(String(value))}"/>`;
  if (of === '*') {
    const inner = value as Stu3Resource;
    return `<${name}><${inner.resourceType}>${xmlIn(inner.resourceType, inner)}</${inner.resourceType}></${name}>`;
  }
  const url = of === 'Extension' ? ` url="${inXml(String((value as Json).url))}"` : '';
  return `<${name}${url}>${xmlIn(of, value as Json)}</${name}>`;
}

function shapeOf(type: string, value: Json): Shape {
  const elements = SHAPES[type];
  const strange = Object.keys(value).find(
    (name) =>
      elements?.[name] === undefined && name !== 'resourceType' && !(type === 'Extension' && name === 'url'),
  );
  if (elements !== undefined && strange === undefined) return elements;
  const what = elements === undefined ? type : `${type}.${strange}`;
  throw new AdapterError(
    'permanent',
    issueOf({
      code: 'not-supported',
      rule: 'gp-connect-stu3',
      diagnostics: `${what} is not written in STU3 here: leave it out of the document, or add it to the shapes.`,
      expression: what,
    }),
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};
/** What no XML 1.0 document may hold, however it is written. @source XML 1.0, 2.2 */
const UNWRITABLE = /(?![\n\r\t])[\p{Cc}\p{Cs}\ufffe\uffff]/gu;

function inXml(text: string): string {
  return text.replaceAll(UNWRITABLE, '\ufffd').replaceAll(/[&<>"\n\r\t]/g, (mark) => ENTITIES[mark]!);
}
