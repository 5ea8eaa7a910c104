/** Changes that leave a resource valid: what a validator may never call wrong. A line of three cells finds nothing at all. */
export const FINE = String.raw`
a required element has only an extension | Task._status | {"id":"s"}
a required code has only an extension | StatuslessObservation._status | {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}
a date has only an extension | Patient | {"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}}
a choice has only an extension | Patient | {"resourceType":"Patient","_deceasedDateTime":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}
an extension's value has only an extension | Patient.extension[0] | {"url":"https://example.org/e","_valueCode":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}
a null has an id beside it | Patient.name[0] | {"given":["Robin",null],"_given":[null,{"id":"second"}]}
a null of what stands beside has a value | Patient.name[0] | {"given":["Robin","Lee"],"_given":[null,{"id":"second"}]}
what stands beside is shorter than the list | Patient.name[0] | {"given":["Robin","Lee"],"_given":[{"id":"first"}]}
only what stands beside a list is there | Patient.name[0] | {"_given":[{"id":"first"}]}
a primitive has a value and an extension | Patient._birthDate | {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1968-02-29T10:00:00Z"}]}
an extension stands on an extension's value | Patient.extension[0]._valueInteger | {"extension":[{"url":"https://example.org/e","valueString":"about"}]}
an extension is not known | Patient.extension[1] | {"url":"https://example.org/nowhere","valueString":"a"}
an extension has parts with relative urls | Patient.extension[1] | {"url":"https://example.org/nowhere","extension":[{"url":"part","valueString":"a"},{"url":"other","valueBoolean":true}]}
an extension holds a reference | Patient.extension[1] | {"url":"https://example.org/nowhere","valueReference":{"reference":"Group/g-1"}}
an extension has a url of a URN | Patient.extension[1] | {"url":"urn:oid:1.2.3","valueString":"a"}
a known extension stands where it may | Patient.extension[1] | {"url":"http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired","valueBoolean":true}
a known modifier stands where it may | NutritionOrder | {"resourceType":"NutritionOrder","status":"active","intent":"order","patient":{"display":"one"},"dateTime":"2026","oralDiet":{"type":[{"text":"soft"}]},"modifierExtension":[{"url":"http://hl7.org/fhir/StructureDefinition/request-doNotPerform","valueBoolean":true}]}
an extension stands on a narrative | Patient.text.extension | [{"url":"https://example.org/e","valueString":"a"}]

a date is a year | Patient.birthDate | "1968"
a date is a month | Patient.birthDate | "1968-02"
a date is 29 February of 2000 | Patient.birthDate | "2000-02-29"
a date is of the first century | Patient.birthDate | "0001-01-01"
a date is the last there is | Patient.birthDate | "9999-12-31"
a time is a year | ServiceRequest.authoredOn | "2026"
a time is a day | ServiceRequest.authoredOn | "2026-01-31"
a time has nine digits of a second | ServiceRequest.authoredOn | "2026-01-01T10:00:00.123456789Z"
a time is within a leap second | ServiceRequest.authoredOn | "2016-12-31T23:59:60Z"
an offset is +14:00 | ServiceRequest.authoredOn | "2026-01-01T10:00:00+14:00"
an offset is -14:00 | ServiceRequest.authoredOn | "2026-01-01T10:00:00-14:00"
an offset is of half an hour | ServiceRequest.authoredOn | "2026-01-01T10:00:00+05:30"
a time does not exist in London | ServiceRequest.authoredOn | "2026-03-29T01:30:00+00:00"
an instant is midnight | Observation.issued | "2026-01-01T00:00:00+00:00"
a time of day has a fraction | HealthcareService.availableTime[0].availableStartTime | "09:00:00.5"
an integer is the least | Patient.extension[0].valueInteger | -2147483648
an integer is written with a point | Patient.extension[0].valueInteger | 3.0
a decimal is small | Observation.valueQuantity.value | 1e-20
a decimal is negative | Observation.valueQuantity.value | -3.10
a number of things is none | Appointment.priority | 0
a size is none | Patient.photo[0].size | 0
a code has a space within | Observation.code.coding[0].code | "one two"
a text is not in Latin | Patient.name[0].family | "Ó Súilleabháin 李 😀 العربية"
a text has lines and tabs | ServiceRequest.note[0].text | "one\r\n\ttwo\n"
a text begins with a space | Patient.name[0].family | " Ash"
markdown has code in it | ServiceRequest.note[0].text | "<script>a</script> **b**"
a uri is a URN | Patient.identifier[0].system | "urn:ietf:rfc:3986"
a uri has letters beyond ASCII | Patient.identifier[0].system | "https://example.org/ïd"
an oid is one | Patient.extension[0] | {"url":"https://example.org/e","valueOid":"urn:oid:2.16.840.1.113883"}
a uuid is one | Patient.extension[0] | {"url":"https://example.org/e","valueUuid":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}
a canonical has a version and a fragment | ServiceRequest.instantiatesCanonical[0] | "https://example.org/one|1.0#part"
an id is the longest | Patient.id | "a123456789b123456789c123456789d123456789e123456789f123456789-.Z1"
an id of an element is any text | Patient.name[0].id | "name_1/a"

a reference is by identifier | ServiceRequest.requester | {"type":"Practitioner","identifier":{"system":"https://fhir.hl7.org.uk/Id/gmc-number","value":"7"}}
a reference is by display | ServiceRequest.requester | {"display":"The surgery"}
a reference names its type too | ServiceRequest.requester | {"reference":"Practitioner/g-1","type":"Practitioner"}
a reference has an extension only | ServiceRequest.subject | {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}
a reference is absolute | ServiceRequest.subject.reference | "https://example.org/fhir/Patient/p-1"
a reference is absolute and has a version | ServiceRequest.subject.reference | "https://example.org/fhir/Patient/p-1/_history/3"
a reference has a version | ServiceRequest.subject.reference | "Patient/p-1/_history/3"
a reference is a URN outside a Bundle | ServiceRequest.subject.reference | "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
a reference is to something that is not FHIR | ServiceRequest.subject.reference | "https://example.org/people/7"
a reference is to the container | Patient.contained[0] | {"resourceType":"Organization","id":"gp","name":"Elm","extension":[{"url":"https://example.org/e","valueReference":{"reference":"#"}}]}
a contained resource is referred to from an extension | Patient.contained[1] | {"resourceType":"Basic","id":"b","code":{"text":"a"},"subject":{"reference":"#"}}
a contained resource is referred to by another | ContainingObservation.note | [{"text":"a"}]
a contained resource has a narrative of its own | Patient.contained[0].language | "en"

a code is of another system than an extensible set's | Condition.onsetAge | {"value":1,"unit":"quarter","system":"http://unitsofmeasure.org","code":"a"}
a concept of an extensible set is a text alone | Patient.maritalStatus | {"text":"Handfasted"}
a concept of a required set has another coding too | Condition.verificationStatus.coding[1] | {"system":"https://example.org/status","code":"sure"}
a Coding has only a display | Observation.code.coding[0] | {"display":"Loneliness"}
a code of an open set is not known here | Observation.code.coding[0].code | "999999999"
an example set holds other codes | Condition.code | {"coding":[{"system":"https://example.org/codes","code":"a"}]}
a language has a region | Patient.communication[0].language.coding[0].code | "fr-FR"
a quantity has a comparator | Observation.valueQuantity.comparator | "<"
a quantity has no unit | Observation.valueQuantity | {"value":3}
a quantity has a unit in words | Observation.valueQuantity | {"value":3,"unit":"steps"}
a period has a start only | Encounter.period | {"start":"2026-01-01T10:00:00Z"}
a period starts and ends at once | Encounter.period.end | "2026-01-01T10:00:00Z"
a period is of times of unequal precision | Encounter.period | {"start":"2026-01-01T10:00:00Z","end":"2026-01"}
a period ends in another zone, later | Encounter.period | {"start":"2026-01-01T10:00:00Z","end":"2026-01-01T09:30:00-01:00"}
a problem of the list has no status, which is bad practice | Condition.clinicalStatus | -
a resource has no text | Patient.text | -
a narrative has a table, a link and an image | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><table border=\"1\"><tr><td><a href=\"#x\">b</a><img src=\"#y\" alt=\"z\"/></td></tr></table></div>"
a narrative has entities and comments | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><!-- a -->&lt;&#233;&nbsp;&amp;b<br/></div>"
a narrative states its namespace with other attributes and quotes | Patient.text.div | "\n<div class=\"a\" lang='en' xmlns = 'http://www.w3.org/1999/xhtml' >Aid</div>\n"
a narrative states its namespace twice | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p xmlns=\"http://www.w3.org/1999/xhtml\">Aid</p></div>"
a narrative has colours in its table | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><table><tr bgcolor=\"#eee\"><td>Aid</td></tr></table></div>"
a narrative holds a link to an id, and a script in words | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"#name-1\">javascript: &lt;script&gt;</a></div>"
an element has an id of any signs but spaces | Patient.name[0].id | "näme_1/#:(a).ä-0123456789012345678901234567890123456789012345678901234567890123456789"
an id of an element stands beside a primitive | Patient._birthDate | {"id":"born_on"}
a contained resource has no id and refers to its container | Patient.contained[1] | {"resourceType":"Basic","code":{"text":"a"},"subject":{"reference":"#"}}
a list of contained resources has one each of two ids | Patient.contained[1] | {"resourceType":"Basic","id":"gp2","code":{"text":"a"},"subject":{"reference":"#"}}
a narrative has an attachment only | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><img src=\"a.png\" alt=\"b\"/></div>"
a member is undefined in memory | Patient.name[0].given[2] | "Sky"
slices stand in another order where none is said | ProfiledPatient.identifier | [{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"},{"system":"https://example.org/Id/own"}]
an ordered slicing has others in between | ProfiledPatient.telecom | [{"system":"url","value":"a"},{"system":"email","value":"b"},{"system":"url","value":"c"}]
others stand at the end | ProfiledPatient.address | [{"use":"home","text":"a"},{"use":"old","text":"b"},{"text":"c"}]
a date is as early as it may be | ProfiledPatient.birthDate | "1900"
a pattern is met by one of many codings | ProfiledObservation.code | {"coding":[{"system":"https://example.org/a","code":"b"},{"system":"https://example.org/CodeSystem/need","code":"c","display":"D"}],"text":"e"}
a pattern is met beside other categories | ProfiledObservation.category[2] | {"text":"third"}
a choice sliced by one type has another | ProfiledObservation | {"resourceType":"Observation","meta":{"profile":["https://hedgerow.example/fhir/StructureDefinition/catch-part"]},"status":"final","code":{"text":"a"},"valueString":"b"}
an item fits one slice twice | ProfiledService.category[1].coding[1] | {"system":"https://example.org/CodeSystem/kind","code":"run"}
an item fits none of the slices | ProfiledService.category[2] | {"coding":[{"system":"https://example.org/other","code":"a"}]}
a list has a title and no entries | List | {"resourceType":"List","status":"current","mode":"working","emptyReason":{"text":"none"}}
a Binary has content and no text | Binary | {"resourceType":"Binary","contentType":"application/pdf","data":"aGVkZ2Vyb3c="}
Parameters hold values, parts and resources | Parameters | {"resourceType":"Parameters","parameter":[{"name":"a","valueDecimal":1.50},{"name":"b","part":[{"name":"c","resource":{"resourceType":"Patient","active":true}}]}]}
Parameters are empty | Parameters | {"resourceType":"Parameters"}
an OperationOutcome has one issue | OperationOutcome | {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}
a document repeats no entry and is referred to by version | DocumentBundle.entry[0].resource.subject.reference | "https://example.org/fhir/Patient/p-1"
a conditional reference stands in a transaction | Transaction.entry[1].resource.performer | [{"reference":"Organization?identifier=https://fhir.nhs.uk/Id/ods-organization-code|A1B2C"}]
a relative reference stands beside URNs | Transaction.entry[1].resource.basedOn | [{"reference":"CarePlan/c-1"}]
a PUT is conditional | Transaction.entry[2].request.url | "Organization?name=Elm"
a collection has entries without a fullUrl | Collection | {"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","active":true}}]}
a Bundle is empty | Searchset | {"resourceType":"Bundle","type":"searchset","total":0}
a total is more than a page | Searchset.total | 900
a group of a questionnaire is in a group | Questionnaire.item[3].item[1] | {"linkId":"deeper","type":"group","item":[{"linkId":"deepest","type":"text"}]}
an answer that is not required is missing | QuestionnaireResponse.item[3] | -
a response in progress lacks a required answer | QuestionnaireResponse | {"resourceType":"QuestionnaireResponse","contained":[{"resourceType":"Questionnaire","id":"q","status":"active","item":[{"linkId":"a","type":"boolean","required":true}]}],"questionnaire":"#q","status":"in-progress"}
a Basic has a code alone | Basic | {"resourceType":"Basic","code":{"text":"a"}}
`;

/** Changes that leave a resource valid, and of which a thorough validation says something. */
export const FINE_BUT_SAID = `
a language is none of the common ones | Patient.communication[0].language.coding[0].code | "cy-GB" | information fhir-code Patient.communication[0].language | preferred value set
a category is of another system than the preferred | Observation.category[0] | {"coding":[{"system":"https://example.org/a","code":"b"}]} | information fhir-code Observation.category[0] | preferred value set
a concept of an extensible set is of another system | Patient.maritalStatus.coding[0] | {"system":"https://example.org/status","code":"handfasted"} | information fhir-code Patient.maritalStatus | must be used where it has one that fits
slices say the same | ProfiledService.characteristic | [{"text":"a"}] | information profile-slice-not-checked HealthcareService.characteristic[0] | held against neither
a slicing has no discriminator | ProfiledService.program | [{"text":"a"}] | information profile-slice-not-checked HealthcareService.program[0] | names no discriminator
a slice is told by a profile that is not here | ProfiledService.coverageArea | [{"reference":"#hall"}] | information profile-slice-not-checked HealthcareService.coverageArea[0] | add the package
a slice is told by what is not at hand | ProfiledObservation.hasMember[1] | {"reference":"Observation/far"} | information profile-slice-not-checked Observation.hasMember[1] | not at hand
a profile is not known | Patient.meta.profile | ["https://example.org/StructureDefinition/nowhere"] | information profile-unknown Patient | profiles add
`;
