/** Mutations of codes, references, contained resources, extensions, and what invariants forbid. */
export const RULES = `
a code is outside its required set | Patient.gender | "f" | error fhir-code Patient.gender | write one of
a code of a data type is outside its required set | Patient.name[0].use | "legal" | error fhir-code Patient.name[0].use | write one of
a code in capitals is another code | ServiceRequest.status | "Active" | error fhir-code ServiceRequest.status | write one of
a code of a backbone is outside its required set | Consent.provision.type | "allow" | error fhir-code Consent.provision.type | write one of
a code in a list is outside its required set | HealthcareService.availableTime[0].daysOfWeek[1] | "wednesday" | error fhir-code HealthcareService.availableTime[0].daysOfWeek[1] | write one of
a comparator is outside its required set | ServiceRequest.quantityQuantity.comparator | "=<" | error fhir-code ServiceRequest.quantityQuantity.comparator | write one of
the code of a required concept is outside | Condition.verificationStatus.coding[0].code | "sure" | warning terminology-unknown-code Condition.verificationStatus.coding[0].code + error fhir-code Condition.verificationStatus | correct the code
the system of a required concept is another | Condition.verificationStatus.coding[0].system | "https://example.org/status" | error fhir-code Condition.verificationStatus | write one of
a required concept is a text alone | Condition.verificationStatus | {"text":"confirmed"} | error fhir-code Condition.verificationStatus | has no code
a required concept has a coding without a system | Condition.verificationStatus.coding[0].system | - | error fhir-code Condition.verificationStatus | required value set
a media type is written wrong | Patient.photo[0].contentType | "png" | error fhir-code Patient.photo[0].contentType | required value set
a code of an extensible set is outside it | Patient.maritalStatus.coding[0].code | "married" | warning terminology-unknown-code Patient.maritalStatus.coding[0].code + warning fhir-code Patient.maritalStatus | correct the code
a Coding of an extensible set is outside it | Encounter.class.code | "ambulant" | warning terminology-unknown-code Encounter.class.code + warning fhir-code Encounter.class | correct the code
an extensible code has no system | Encounter.class.system | - | warning fhir-code Encounter.class | must be used
a code of a preferred set is outside it | Patient.language | "en-UK" | information fhir-code Patient.language | preferred
a unit of a duration is none of time | Encounter.length.code | "km" | warning fhir-code Encounter.length | write one of ms, s, min
a code is none of its system | Observation.category[0].coding[0].code | "questionnaire" | warning terminology-unknown-code Observation.category[0].coding[0].code + information fhir-code Observation.category[0] | correct the code

a reference points to a type that it may not | ServiceRequest.subject.reference | "Practitioner/g-1" | error fhir-reference-type ServiceRequest.subject.reference | it may be Patient
an absolute reference points to a type that it may not | ServiceRequest.subject.reference | "https://example.org/fhir/Practitioner/g-1" | error fhir-reference-type ServiceRequest.subject.reference | it may be Patient
a versioned reference points to a type that it may not | Patient.link[0].other.reference | "Group/g/_history/2" | error fhir-reference-type Patient.link[0].other.reference | it may be Patient, RelatedPerson
a reference by identifier is of a type that it may not be | ServiceRequest.requester | {"type":"Group","identifier":{"value":"7"}} | error fhir-reference-type ServiceRequest.requester.reference | it may be
a reference to a contained resource is of the wrong type | Patient.managingOrganization.reference | "#nobody" | error fhir-reference-contained Patient.managingOrganization.reference | contain it
a contained resource is of a type that may not be pointed to | Patient.contained[0] | {"resourceType":"Location","id":"gp"} | error fhir-reference-type Patient.generalPractitioner[0].reference | Organization
a reference names no type | ServiceRequest.subject.reference | "p-1" | error fhir-reference ServiceRequest.subject.reference | write Type/id
a reference names a type that is none | Task.focus.reference | "Referral/s-1" | error fhir-reference Task.focus.reference | no resource type
a reference has a space | Task.focus.reference | "Task/a b" | error fhir-reference Task.focus.reference | write Type/id
a reference has an id that is too long | Task.focus.reference | "Task/a123456789b123456789c123456789d123456789e123456789f123456789g1234" | error fhir-reference Task.focus.reference | write Type/id
a reference begins with a slash | Task.focus.reference | "/ServiceRequest/s-1" | error fhir-reference Task.focus.reference | write Type/id
a reference is a search outside a Bundle | Task.focus.reference | "ServiceRequest?identifier=7" | error fhir-reference Task.focus.reference | write Type/id
a reference is a local id | Task.focus.reference | "ServiceRequest:referral:7" | error fhir-reference Task.focus.reference | name the resources first
a reference contradicts its own type | Task.focus.type | "Patient" | error fhir-reference-type Task.focus.type | type

a period ends before it starts | Encounter.period.end | "2025-12-31T10:00:00Z" | error invariant-per-1 Encounter.period | per-1
a period of days ends before it starts | ServiceRequest.occurrencePeriod.start | "2026-03-01" | error invariant-per-1 ServiceRequest.occurrencePeriod | per-1
a period ends in a month before | Patient.name[0].period.end | "2000-12" | error invariant-per-1 Patient.name[0].period | per-1
a unit has a code and no system | Observation.valueQuantity.system | - | error invariant-qty-3 Observation.valueQuantity | qty-3
an attachment has data and no type | DocumentReference.content[0].attachment.contentType | - | error invariant-att-1 DocumentReference.content[0].attachment | att-1
a contact point has a value and no system | Patient.telecom[0].system | - | error invariant-cpt-2 Patient.telecom[0] | cpt-2
an age has no unit | Condition.onsetAge.code | - | error invariant-age-1 Condition.onsetAge | age-1
a contact says nothing of itself | Patient.contact[0] | {"gender":"male"} | error invariant-pat-1 Patient.contact[0] | pat-1
a value stands beside a reason for none | Observation.dataAbsentReason | {"text":"refused"} | error invariant-obs-6 Observation | obs-6
a component repeats the code that has the value | Observation.component[0].code | {"coding":[{"system":"http://snomed.info/sct","code":"1363691000000106"}]} | error invariant-obs-7 Observation | obs-7
a range of reference is empty of bounds | Observation.referenceRange[0] | {"type":{"text":"normal"}} | error invariant-obs-3 Observation.referenceRange[0] | obs-3
a condition was entered in error and has a status | Condition.verificationStatus.coding[0].code | "entered-in-error" | error invariant-con-5 Condition | con-5
an abated condition is active | Condition.abatementDateTime | "2026-01-01" | error invariant-con-4 Condition | con-4
a stage says nothing | Condition.stage[0] | {"type":{"text":"clinical"}} | error invariant-con-1 Condition.stage[0] | con-1
evidence says nothing | Condition.evidence[0] | {"id":"e"} | error invariant-con-2 Condition.evidence[0] | con-2
a consent has neither policy nor rule | Consent.policy | - | error invariant-ppc-1 Consent | ppc-1
a consent for privacy has no patient | Consent.patient | - | error invariant-ppc-2 Consent | ppc-2
a participant is nobody | Appointment.participant[0].actor | - | error invariant-app-1 Appointment.participant[0] | app-1
an appointment starts and does not end | Appointment.end | - | error invariant-app-2 Appointment + error invariant-app-3 Appointment | app-2
a proposed appointment starts and does not end | ProposedAppointment.end | - | error invariant-app-2 Appointment | app-2
a booked appointment has no times | UntimedAppointment.status | "booked" | error invariant-app-3 Appointment | app-3
only a cancelled appointment says why | Appointment.cancelationReason | {"text":"ill"} | error invariant-app-4 Appointment | app-4
a task changed before it was made | Task.lastModified | "2025-12-31" | error invariant-inv-1 Task | inv-1
an order's detail has no order | ServiceRequest.code | - | error invariant-prr-1 ServiceRequest | prr-1
a name that software cannot use | ValueSet.name | "two words" | warning invariant-vsd-0 ValueSet | vsd-0
a set includes neither a system nor a set | ValueSet.compose.include[0] | {"version":"1"} | error invariant-vsd-1 ValueSet.compose.include[0] | vsd-1
a set lists codes of no system | ValueSet.compose.include[0] | {"valueSet":["https://example.org/ValueSet/a"],"concept":[{"code":"a"}]} | error invariant-vsd-2 ValueSet.compose.include[0] | vsd-2

a contained resource contains another | Patient.contained[0].contained | [{"resourceType":"Basic","id":"l","code":{"text":"a"},"subject":{"reference":"#"}}] | error invariant-dom-2 Patient.contained[0].contained | move them up
a contained resource contains another and has a second fault | Patient.contained[0] | {"resourceType":"Organization","id":"gp","name":5,"contained":[{"resourceType":"Basic","id":"l","code":{"text":"a"},"subject":{"reference":"#"}}]} | error fhir-type Patient.contained[0].name + error invariant-dom-2 Patient.contained[0].contained | text in quotes
a contained resource contains another, and the one around it has a fault | Patient | {"resourceType":"Patient","active":"yes","generalPractitioner":[{"reference":"#gp"}],"contained":[{"resourceType":"Organization","id":"gp","name":"Elm","contained":[{"resourceType":"Basic","id":"l","code":{"text":"a"},"subject":{"reference":"#"}}]}]} | error fhir-type Patient.active + error invariant-dom-2 Patient.contained[0].contained | true or false
a contained resource has no id | Patient.contained[1] | {"resourceType":"Organization","name":"Fir"} | error fhir-contained-id Patient.contained[1].id | supply an id
a contained resource that is referred to has lost its id | Patient.contained[0].id | - | error fhir-reference-contained Patient.generalPractitioner[0].reference + error fhir-contained-id Patient.contained[0].id | contain
a contained resource has an extension for an id | Patient.contained[1] | {"resourceType":"Organization","_id":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},"name":"Fir"} | error fhir-contained-id Patient.contained[1].id | supply an id
a contained resource is not referred to | Patient.contained[1] | {"resourceType":"Organization","id":"spare","name":"Fir"} | error invariant-dom-3 Patient | dom-3
two contained resources have one id | Patient.contained[1] | {"resourceType":"Organization","id":"gp","name":"Fir"} | error fhir-contained-id Patient.contained[1].id | give each its own
a contained resource has a version | Patient.contained[0].meta | {"versionId":"1"} | error invariant-dom-4 Patient | dom-4
a contained resource has a time of change | Patient.contained[0].meta | {"lastUpdated":"2026-01-01T10:00:00Z"} | error invariant-dom-4 Patient | dom-4
a contained resource has a security label | Patient.contained[0].meta | {"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]} | error invariant-dom-5 Patient | dom-5

an extension has a value and parts | Patient.extension[0].extension | [{"url":"part","valueCode":"a"}] | error invariant-ext-1 Patient.extension[0] | not both
an extension has neither a value nor parts | Patient.extension[0].valueInteger | - | error invariant-ext-1 Patient.extension[0] | must have a value
an extension has a relative url | Patient.extension[0].url | "any" | error fhir-extension-url Patient.extension[0] | canonical of its definition
an extension has an empty url | Patient.extension[0].url | "" | error fhir-empty Patient.extension[0].url | leave it out
a value of an extension is of an unknown type | Patient.extension[0] | {"url":"https://example.org/e","valueText":"a"} | error fhir-choice-type Patient.extension[0].valueText | another of its 50 types
a modifier is not known | Patient.modifierExtension | [{"url":"https://example.org/e","valueBoolean":true}] | error fhir-extension-modifier Patient.modifierExtension[0] | add its package
a known extension has a value of another type | Patient.extension[0] | {"url":"http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired","valueString":"yes"} | error profile-choice-type Patient.extension[0].valueString | is of no type that value[x] may have: write valueBoolean
a known extension within an unknown one has a value of another type | Patient.extension[0] | {"url":"https://example.org/e","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired","valueString":"yes"}]} | error profile-choice-type Patient.extension[0].extension[0].valueString | is of no type that value[x] may have: write valueBoolean
a known extension stands where it may not | Task.extension | [{"url":"http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired","valueBoolean":true}] | error fhir-extension-context Task.extension[0] | its definition allows Patient
a known extension is written as a modifier | Patient.modifierExtension | [{"url":"http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired","valueBoolean":true}] | error fhir-extension-modifier Patient.modifierExtension[0] | must be written as extension
a known modifier is written as an extension | ServiceRequest.extension | [{"url":"http://hl7.org/fhir/StructureDefinition/request-doNotPerform","valueBoolean":true}] | error fhir-extension-modifier ServiceRequest.extension[0] | must be written as modifierExtension
`;
