/** Mutations of structure: what is missing, unknown, of the wrong JSON type, too few or too many, empty or null. */
export const STRUCTURE = String.raw`
a required element is missing | Consent.scope | - | error fhir-required Consent.scope | supply scope
a required code is missing | Task.intent | - | error fhir-required Task.intent | supply intent
a required list is missing | Consent.category | - | error fhir-required Consent.category | supply category
a required element of a backbone is missing | Patient.communication[0].language | - | error fhir-required Patient.communication[0].language | supply language
a required reference is missing | Observation.code | - | error fhir-required Observation.code | supply code
a required element of a data type is missing | ServiceRequest.note[0].text | - | error fhir-required ServiceRequest.note[0].text | supply text
a required element two levels down is missing | ValueSet.compose.include[0].concept[0].code | - | error fhir-required ValueSet.compose.include[0].concept[0].code | supply code
a required choice is missing | Task.input[0].valueDecimal | - | error fhir-required Task.input[0].value | supply value[x]
a required participant status is missing | Appointment.participant[0].status | - | error fhir-required Appointment.participant[0].status | supply status
an extension has no url | Patient.extension[0].url | - | error fhir-required Patient.extension[0].url | supply url
a narrative has no div | Patient.text.div | - | error fhir-required Patient.text.div | supply div

an element is unknown | Patient.nickname | "Rob" | error fhir-unknown-element Patient.nickname | remove it, or correct its name
an element is misspelled | Patient.birthdate | "1968-02-29" | error fhir-unknown-element Patient.birthdate | correct its name, if birthDate is meant
an element of a data type is unknown | Patient.name[0].surname | "Ash" | error fhir-unknown-element Patient.name[0].surname | if family is meant
an element of a backbone is unknown | Patient.contact[0].phone | "1" | error fhir-unknown-element Patient.contact[0].phone | if telecom is meant
an element of the third level is unknown | Patient.contact[0].name.surname | "Oak" | error fhir-unknown-element Patient.contact[0].name.surname | if family is meant
an element of a contained resource is unknown | Patient.contained[0].title | "Elm" | error fhir-unknown-element Patient.contained[0].title | correct its name
an element of a repeated backbone is unknown | Consent.provision.provision[0].kind | "deny" | error fhir-unknown-element Consent.provision.provision[0].kind | correct its name
an element of the meta is unknown | Patient.meta.version | "1" | error fhir-unknown-element Patient.meta.version | if versionId is meant
an element of another type is there | Task.gender | "female" | error fhir-unknown-element Task.gender | no element of Task
an element of R5 is there | Encounter.actualPeriod | {"start":"2026"} | error fhir-unknown-element Encounter.actualPeriod | if period is meant
a choice is written without its type | Observation.value | "3" | error fhir-choice-type Observation.value | stands beside valueQuantity: remove it
a choice has a type that it may not have | Observation.valueDecimal | 3 | error fhir-choice-type Observation.valueDecimal | stands beside valueQuantity: remove it
a choice of another type is misspelled | Patient.deceasedDatetime | "2026" | error fhir-choice-type Patient.deceasedDatetime | stands beside deceasedBoolean: remove it
an element has another capital | Patient.Name | [{"text":"Ash"}] | error fhir-unknown-element Patient.Name | if name is meant
an element is written in the plural | Patient.addresses | [{"text":"a"}] | error fhir-unknown-element Patient.addresses | if address is meant
an element is written in the singular | ServiceRequest.reasonCodes | [{"text":"a"}] | error fhir-unknown-element ServiceRequest.reasonCodes | if reasonCode is meant
an element of R5 is there that has two in R4 | ServiceRequest.reason | [{"concept":{"text":"a"}}] | error fhir-unknown-element ServiceRequest.reason | if reasonCode is meant
an element of STU3 is there | Observation.comment | "a" | error fhir-unknown-element Observation.comment | if note is meant
an element is short and near to another by chance only | Consent.provision.kin | "a" | error fhir-unknown-element Consent.provision.kin | remove it, or correct its name
an unknown element has an extension beside it | Patient | {"resourceType":"Patient","nickname":"Rob","_nickname":{"id":"a"}} | error fhir-unknown-element Patient.nickname | remove it
an unknown element has an extension only | Patient._nickname | {"id":"a"} | error fhir-unknown-element Patient._nickname | remove it
a required choice is of a type that is none | MedicationRequest | {"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"one"},"medicationString":"a"} | error fhir-choice-type MedicationRequest.medicationString | write medicationCodeableConcept or medicationReference
a required choice is written without its type | MedicationRequest | {"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"one"},"medication":{"text":"a"}} | error fhir-choice-type MedicationRequest.medication | lacks the type of medication[x] in its name: write medicationCodeableConcept
a required choice is of no type, with an extension beside it | MedicationRequest | {"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"one"},"medicationString":"a","_medicationString":{"id":"a"}} | error fhir-choice-type MedicationRequest.medicationString | write medicationCodeableConcept
a choice is of a type that is none | ValuelessObservation.valueFoo | 3 | error fhir-choice-type Observation.valueFoo | write valueQuantity, valueCodeableConcept
a choice is misspelled | ValuelessObservation.valueDatetime | "2026" | error fhir-choice-type Observation.valueDatetime | write valueDateTime, valueQuantity
something stands beside an object | Patient._name | {"id":"a"} | error fhir-unknown-element Patient._name | is written in name itself
something stands beside the id of an element | Patient.name[0]._id | {"id":"a"} | error fhir-unknown-element Patient.name[0]._id | id has neither an id nor extensions here
something unknown stands beside a primitive | Patient._birthDate | {"note":"about"} | error fhir-unknown-element Patient._birthDate.note | correct its name
a comment stands in the JSON | Patient.fhir_comments | ["a"] | error fhir-unknown-element Patient.fhir_comments | remove it
an element is named like a member of every object | Patient.constructor | {"name":"a"} | error fhir-unknown-element Patient.constructor | remove it
an element is named __proto__ | Patient.__proto__ | {"name":"a"} | error fhir-unknown-element Patient.__proto__ | remove it
a type of resource is named within a data type | Patient.name[0].resourceType | "HumanName" | error fhir-unknown-element Patient.name[0].resourceType | remove it

a list is written as one object | Patient.name | {"family":"Ash"} | error fhir-cardinality Patient.name | array
a list of texts is written as one text | Patient.name[0].given | "Robin" | error fhir-cardinality Patient.name[0].given | array
a list of codings is written as one | Condition.clinicalStatus.coding | {"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"} | error fhir-cardinality Condition.clinicalStatus.coding | array
one object is written as a list | Patient.maritalStatus | [{"text":"Married"}] | error fhir-cardinality Patient.maritalStatus | without brackets
one text is written as a list | Patient.birthDate | ["1968-02-29"] | error fhir-cardinality Patient.birthDate | without brackets
one choice is written as a list | Patient.deceasedBoolean | [false] | error fhir-cardinality Patient.deceasedBoolean | without brackets
one backbone is written as a list | Consent.provision | [{"type":"permit"}] | error fhir-cardinality Consent.provision | without brackets
what stands beside one text is a list | Patient._birthDate | [{"id":"a"}] | error fhir-cardinality Patient._birthDate | without brackets
what stands beside a list is one object | Patient.name[0]._given | {"id":"a"} | error fhir-cardinality Patient.name[0]._given | array
a list that must have an item is empty | Appointment.participant | [] | error fhir-empty Appointment.participant | leave it out
a list of lists | Patient.name[0] | [{"family":"Ash"}] | error fhir-type Patient.name[0] | write an object

a text stands for an object | Patient.name[0] | "Robin Ash" | error fhir-type Patient.name[0] | write an object
a number stands for an object | Patient.maritalStatus | 1 | error fhir-type Patient.maritalStatus | write an object
a text stands for a backbone | Patient.contact[0] | "Oak" | error fhir-type Patient.contact[0] | write an object
a text stands for a reference | ServiceRequest.subject | "Patient/p-1" | error fhir-type ServiceRequest.subject | write an object
an object stands for a text | Patient.name[0].family | {"value":"Ash"} | error fhir-type Patient.name[0].family | text in quotes
a number stands for a text | Patient.identifier[0].value | 9990000018 | error fhir-type Patient.identifier[0].value | text in quotes
a text stands for true or false | Patient.active | "true" | error fhir-type Patient.active | without quotes
a number stands for true or false | Patient.active | 1 | error fhir-type Patient.active | true or false
a text stands for a number | Patient.telecom[0].rank | "1" | error fhir-type Patient.telecom[0].rank | without quotes
a text stands for a decimal | Observation.valueQuantity.value | "3" | error fhir-type Observation.valueQuantity.value | without quotes
true stands for a date | Patient.birthDate | true | error fhir-type Patient.birthDate | text in quotes
a list of objects stands for texts | Patient.name[0].given[0] | {"value":"Robin"} | error fhir-type Patient.name[0].given[0] | text in quotes
a text stands for a contained resource | Patient.contained[0] | "#gp" | error fhir-type Patient.contained[0] + error fhir-reference-contained Patient.generalPractitioner[0].reference | a resource
a text stands for an extension | Patient.extension[0] | "any" | error fhir-type Patient.extension[0] | write an object
a text stands beside a primitive | Patient._birthDate | "about" | error fhir-type Patient._birthDate | write an object

an object is empty | Patient.maritalStatus | {} | error fhir-empty Patient.maritalStatus | leave it out
an object of a list is empty | Patient.name[0] | {} | error fhir-empty Patient.name[0] | leave it out
a backbone is empty | Patient.contact[0] | {} | error fhir-empty Patient.contact[0] | leave it out
what stands beside a primitive is empty | Patient._birthDate | {} | error fhir-empty Patient._birthDate | leave it out
a meta is empty | Patient.meta | {} | error fhir-empty Patient.meta | leave it out
a list is empty | Patient.identifier | [] | error fhir-empty Patient.identifier | leave it out
a list of texts is empty | Patient.name[0].given | [] | error fhir-empty Patient.name[0].given | leave it out
a list of extensions is empty | Patient.extension | [] | error fhir-empty Patient.extension | leave it out
an extension within one is an empty list | Patient.extension[0].extension | [] | error fhir-empty Patient.extension[0].extension | leave it out
a text is empty | Patient.name[0].family | "" | error fhir-empty Patient.name[0].family | leave it out
a text is blank | Patient.name[0].family | " \n\t" | error fhir-empty Patient.name[0].family | leave it out
a text in a list is empty | Patient.name[0].given[1] | "" | error fhir-empty Patient.name[0].given[1] | leave it out
an object is null | Patient.maritalStatus | null | error fhir-null Patient.maritalStatus | leave it out
a text is null | Patient.birthDate | null | error fhir-null Patient.birthDate | leave it out
a list is null | Patient.name | null | error fhir-null Patient.name | leave it out
an object of a list is null | Patient.name[0] | null | error fhir-null Patient.name[0] | leave it out
a text in a list is null with nothing beside it | Patient.name[0].given[1] | null | error fhir-null Patient.name[0].given | leave it out
nothing explains a null beside a null | Patient.name[0]._given | [null,null,null] | error fhir-null Patient.name[0].given | leave it out
what stands beside a primitive is null | Patient._birthDate | null | error fhir-null Patient._birthDate | leave it out

a choice is made twice | Patient.deceasedDateTime | "2026-01-01" | error fhir-choice Patient.deceasedDateTime | keep one of the two
a value is given twice | Observation.valueString | "three" | error fhir-choice Observation.valueString | keep one of the two
a choice is made a second time with an extension only | Patient._deceasedDateTime | {"extension":[{"url":"https://example.org/e","valueCode":"a"}]} | error fhir-choice Patient.deceasedDateTime | keep one of the two
an extension has two values | Patient.extension[0].valueString | "3" | error fhir-choice Patient.extension[0].valueString | keep one of the two

no type is named | Patient.resourceType | - | error fhir-unknown-type Resource.resourceType | Patient
a type is named that R4 does not have | Patient.resourceType | "Person2" | error fhir-unknown-type Resource.resourceType | write one
a data type is named as a resource | Patient.resourceType | "HumanName" | error fhir-unknown-type Resource.resourceType | write one
an abstract type is named as a resource | Patient.resourceType | "DomainResource" | error fhir-unknown-type Resource.resourceType | write one
a type is named that every object has | Patient.resourceType | "toString" | error fhir-unknown-type Resource.resourceType | write one
a contained resource has no type | Patient.contained[0].resourceType | - | error fhir-unknown-type Patient.contained[0].resourceType | write one
a contained resource is of an unknown type | Patient.contained[0].resourceType | "Organisation" | error fhir-unknown-type Patient.contained[0].resourceType | write one
`;
