/** Mutations of what only profiles say: slices, fixed values and patterns, narrower cardinality and types, claims. */
export const PROFILES = `
a closed slicing has an item of no slice | ProfiledPatient.identifier[0].system | "https://example.org/Id/other" | error profile-slice-closed Patient.identifier[0] | no other may be there
an item of a closed slicing has no discriminator | ProfiledPatient.identifier[2].system | - | error profile-slice-closed Patient.identifier[2] | told by system
a slice that must be there is missing | ProfiledPatient.identifier[1] | - | error profile-slice-required Patient.identifier | of slice nhs
a slice has too many items | ProfiledPatient.identifier[3] | {"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"} | error profile-slice-max Patient.identifier | more than 1 of slice nhs
an optional slice has too many items | ProfiledPatient.identifier[3] | {"system":"https://example.org/Id/own","value":"c"} | error profile-slice-max Patient.identifier | more than 2 of slice own
a required element of a slice is missing | ProfiledPatient.identifier[1].value | - | error profile-required Patient.identifier[1].value | supply value
a value of a slice is too long | ProfiledPatient.identifier[1].value | "999 000 0018" | error profile-range Patient.identifier[1].value | at most 10 characters
slices are out of order | ProfiledPatient.telecom[4] | {"system":"phone","value":"3"} | error profile-slice-order Patient.telecom[4] | the order is phone, email
a slice comes after what stands at the end | ProfiledPatient.address | [{"use":"work","text":"b"},{"use":"home","text":"a"}] | error profile-slice-order Patient.address[1] | the order is home
a slice told by absence repeats | ProfiledPatient.name[0].period | - | error profile-slice-max Patient.name | more than 1 of slice now
a slice told by absence is missing | ProfiledPatient.name[1].period | {"end":"2002"} | error profile-slice-required Patient.name + error profile-slice-max Patient.name | of slice now
a required element of a slice told by absence is missing | ProfiledPatient.name[1] | {"given":["Robin"]} | error profile-required Patient.name[1].family | supply family
a profile forbids the element | ProfiledPatient.photo | [{"url":"https://example.org/a"}] | error profile-forbidden Patient.photo | remove it
a profile allows one item | ProfiledPatient.contact[1] | {"name":{"family":"Yew"}} | error profile-cardinality Patient.contact | at most 1
a profile requires the element | ProfiledPatient.birthDate | - | error profile-required Patient.birthDate | supply birthDate
a date is before the first that may be | ProfiledPatient.birthDate | "1899-12-31" | error profile-range Patient.birthDate | at least "1900-01-01"
a code is not that of its pattern | ProfiledPatient.link[0].type | "refer" | error profile-pattern Patient.link[0].type | at least "seealso"
a fault of the base type is said once | ProfiledPatient.link[0].other | - | error fhir-required Patient.link[0].other | supply other
an unknown element is said once, as the type's | ProfiledPatient.nickname | "Rob" | error fhir-unknown-element Patient.nickname | correct its name
a claim is of another type | ProfiledPatient.meta.profile[0] | "http://hl7.org/fhir/StructureDefinition/bodyweight" | error profile-type Patient | one on Observation
a claim is not known | ProfiledPatient.meta.profile[0] | "https://example.org/StructureDefinition/nowhere" | information profile-unknown Patient | profiles add

a slice told by pattern is missing | ProfiledObservation.category[1].coding[1].code | "food" | error profile-slice-required Observation.category | of slice housing
a slice told by pattern repeats | ProfiledObservation.category[2] | {"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"exam"},{"system":"https://example.org/CodeSystem/need","code":"housing"}]} | error profile-slice-max Observation.category | of slice housing
a pattern is not met | ProfiledObservation.code | {"text":"heating"} | error profile-pattern Observation.code | must hold at least
a fixed value is not met | ProfiledObservation.method.text | "by post" | error profile-fixed Observation.method | must be exactly
a fixed value has more | ProfiledObservation.method.coding | [{"code":"a"}] | error profile-fixed Observation.method | must be exactly
a fixed code of a type of a choice is another | ProfiledObservation.valueQuantity.code | "1" | error profile-fixed Observation.valueQuantity.code | must be exactly "{score}"
a required code of a type of a choice is missing | ProfiledObservation.valueQuantity.code | - | error profile-required Observation.valueQuantity.code | supply code
a type says more of a value whose elements the profile spells out | ProfiledObservation.valueQuantity.system | - | error invariant-qty-3 Observation.valueQuantity | qty-3
a reference points to a type that the profile forbids | ProfiledObservation.subject.reference | "Group/g-1" | error profile-reference-type Observation.subject.reference | it may be Patient
a closed slicing by type has another type | ProfiledObservation.focus[1] | {"reference":"#part"} | error profile-slice-closed Observation.focus[1] | none of the slices
a slice told by profile is not met | ProfiledObservation.contained[1].valueInteger | - | error profile-slice-required Observation.hasMember | of slice own
an invariant of a profile is broken | ProfiledObservation.effectiveDateTime | - | error invariant-ct-1 Observation | Say when
a warning of a profile is given | ProfiledObservation.performer | - | warning invariant-ct-2 Observation | Say who

an item fits two slices | ProfiledService.category[0].coding[1] | {"system":"https://example.org/CodeSystem/kind","code":"walk"} | error profile-slice-ambiguous HealthcareService.category[0] | fits the slices need and kind
a slice says nothing at its discriminator | ProfiledService.specialty | [{"text":"a"}] | error profile-slice-discriminator HealthcareService.specialty[0] | correct the profile
a slice told by what it forbids lacks what it must have | ProfiledService.type[0] | {"id":"a"} | error profile-required HealthcareService.type[0].text | supply text

a slice within a slice is missing | ProfiledCondition.bodySite[1].coding | [{"system":"https://example.org/x","code":"left"}] | error profile-slice-required Condition.bodySite[1].coding | of slice side
a slice within a slice repeats | ProfiledCondition.bodySite[1].coding[1] | {"system":"https://example.org/side","code":"right"} | error profile-slice-max Condition.bodySite[1].coding | of slice side
`;
