/** Mutations of primitive values: each format broken in each way that data breaks it. */
export const PRIMITIVES = String.raw`
an integer has a fraction | Patient.extension[0].valueInteger | 3.5 | error fhir-number Patient.extension[0].valueInteger | whole number
an integer is too large | Patient.extension[0].valueInteger | 2147483648 | error fhir-number Patient.extension[0].valueInteger | range of integer
an integer is too small | Observation.component[0].valueInteger | -2147483649 | error fhir-number Observation.component[0].valueInteger | range of integer
a positive integer is zero | Patient.telecom[0].rank | 0 | error fhir-number Patient.telecom[0].rank | range of positiveInt
a positive integer is negative | Task.restriction.repetitions | -1 | error fhir-number Task.restriction.repetitions | range of positiveInt
a positive integer has a fraction | Appointment.minutesDuration | 30.5 | error fhir-number Appointment.minutesDuration | whole number
an unsigned integer is negative | Appointment.priority | -1 | error fhir-number Appointment.priority | range of unsignedInt
an unsigned integer is too large | Patient.photo[0].size | 4294967296 | error fhir-number Patient.photo[0].size | range of unsignedInt
a decimal is written with a comma | Task.input[0].valueDecimal | "2,5" | error fhir-type Task.input[0].valueDecimal | without quotes
a decimal is true | Observation.valueQuantity.value | true | error fhir-type Observation.valueQuantity.value | a number

a code has a space before it | Patient.gender | " female" | error fhir-format Patient.gender | without leading
a code has a space after it | Patient.name[0].use | "usual " | error fhir-format Patient.name[0].use | trailing
a code has two spaces within | Observation.code.coding[0].code | "1  2" | error fhir-format Observation.code.coding[0].code | double spaces
a code holds a tab | Observation.code.coding[0].code | "1\t2" | error fhir-format Observation.code.coding[0].code | code
an id is too long | Patient.id | "a123456789b123456789c123456789d123456789e123456789f123456789g1234" | error fhir-format Patient.id | 1 to 64
an id holds an underscore | Patient.id | "p_1" | error fhir-format Patient.id | letters, digits, hyphens
an id holds a slash | Patient.id | "Patient/p-1" | error fhir-format Patient.id | letters, digits, hyphens
a version id is no id | Patient.meta.versionId | "v 1" | error fhir-format Patient.meta.versionId | 1 to 64
an id of an element has a space | Patient.name[0].id | "name 1" | error fhir-format Patient.name[0].id | an id of an element: write text without spaces
an id of a backbone has a space after it | Patient.contact[0].id | "c " | error fhir-format Patient.contact[0].id | without spaces
an id beside a primitive has a line feed | Patient._birthDate | {"id":"a\nb"} | error fhir-format Patient._birthDate.id | without spaces
an id of an extension is a number | Patient.extension[0].id | 1 | error fhir-type Patient.extension[0].id | text in quotes
an id of an element is blank | Patient.name[0].id | " " | error fhir-empty Patient.name[0].id | leave it out
an id of an element of a profile has a space | ProfiledPatient.name[0].id | "name 1" | error fhir-format Patient.name[0].id | without spaces
an id of a contained resource begins with # | Patient.contained[0].id | "#gp" | error fhir-format Patient.contained[0].id + error fhir-reference-contained Patient.generalPractitioner[0].reference | letters, digits
a uri has a space | Patient.identifier[0].system | "https://example.org/my id" | error fhir-format Patient.identifier[0].system | without spaces
a uri in a list is empty | ServiceRequest.instantiatesUri[0] | "" | error fhir-empty ServiceRequest.instantiatesUri[0] | leave it out
a uri holds a control character | Patient.identifier[0].system | "https://example.org/\u0002" | error fhir-format Patient.identifier[0].system | control characters
a code holds a control character | Observation.code.coding[0].code | "1\u00022" | error fhir-format Observation.code.coding[0].code | control characters
a url has a space | Patient.photo[0].url | "https://example.org/a photo" | error fhir-format Patient.photo[0].url | without spaces
a canonical has a space | ServiceRequest.instantiatesCanonical[0] | "https://example.org/one |1.0" | error fhir-format ServiceRequest.instantiatesCanonical[0] | without spaces
an oid has no urn | Patient.extension[0] | {"url":"https://example.org/e","valueOid":"1.2.840"} | error fhir-format Patient.extension[0].valueOid | urn:oid:
an oid has a leading zero | Patient.extension[0] | {"url":"https://example.org/e","valueOid":"urn:oid:1.02"} | error fhir-format Patient.extension[0].valueOid | urn:oid:
an oid begins with 3 | Patient.extension[0] | {"url":"https://example.org/e","valueOid":"urn:oid:3.1"} | error fhir-format Patient.extension[0].valueOid | urn:oid:
a uuid has no urn | Patient.extension[0] | {"url":"https://example.org/e","valueUuid":"c757873d-ec9a-4326-a141-556f43239520"} | error fhir-format Patient.extension[0].valueUuid | urn:uuid:
a uuid has capital letters | Patient.extension[0] | {"url":"https://example.org/e","valueUuid":"urn:uuid:C757873D-EC9A-4326-A141-556F43239520"} | error fhir-format Patient.extension[0].valueUuid | lower-case
a uuid is too short | Patient.extension[0] | {"url":"https://example.org/e","valueUuid":"urn:uuid:c757873d-ec9a-4326-a141"} | error fhir-format Patient.extension[0].valueUuid | UUID
Base64 has the wrong length | DocumentReference.content[0].attachment.data | "aGVkZ2Vyb3c" | error fhir-format DocumentReference.content[0].attachment.data | Base64
Base64 is that of URLs | DocumentReference.content[0].attachment.data | "_-8=" | error fhir-format DocumentReference.content[0].attachment.data | Base64
Base64 is padded in the middle | DocumentReference.content[0].attachment.data | "aA==aA==" | error fhir-format DocumentReference.content[0].attachment.data | Base64
markdown is a number | ServiceRequest.note[0].text | 5 | error fhir-type ServiceRequest.note[0].text | text in quotes
markdown holds a control character | ServiceRequest.note[0].text | "a\u0007b" | error fhir-format ServiceRequest.note[0].text | control characters
a text holds a zero | Patient.name[0].family | "A\u0000sh" | error fhir-format Patient.name[0].family | control characters
a text holds an escape | Patient.name[0].given[0] | "Rob\u001b[31m" | error fhir-format Patient.name[0].given[0] | control characters

a day is 29 February of a common year | Patient.birthDate | "1969-02-29" | error fhir-date Patient.birthDate | a day that its month does not have
a day is 29 February of 1900 | Patient.birthDate | "1900-02-29" | error fhir-date Patient.birthDate | month
a day is 31 April | Patient.birthDate | "1968-04-31" | error fhir-date Patient.birthDate | month
a day is the 32nd | Patient.birthDate | "1968-01-32" | error fhir-format Patient.birthDate | YYYY-MM-DD
a day is the zeroth | Patient.birthDate | "1968-01-00" | error fhir-format Patient.birthDate | YYYY-MM-DD
a month is the 13th | Patient.birthDate | "1968-13" | error fhir-format Patient.birthDate | YYYY-MM
a year is 0000 | Patient.birthDate | "0000" | error fhir-format Patient.birthDate | YYYY
a year has two digits | Patient.birthDate | "68" | error fhir-format Patient.birthDate | YYYY
a date is written the British way | Patient.birthDate | "29/02/1968" | error fhir-format Patient.birthDate | YYYY-MM-DD
a date has a time | Patient.birthDate | "1968-02-29T00:00:00Z" | error fhir-format Patient.birthDate | write YYYY
a month has one digit | Patient.birthDate | "1968-2-29" | error fhir-format Patient.birthDate | YYYY-MM-DD
a time has no zone | ServiceRequest.authoredOn | "2026-01-01T10:00:00" | error fhir-format ServiceRequest.authoredOn | with Z or an offset
a time has no seconds | ServiceRequest.authoredOn | "2026-01-01T10:00Z" | error fhir-format ServiceRequest.authoredOn | hh:mm:ss
a time has hours only | ServiceRequest.authoredOn | "2026-01-01T10Z" | error fhir-format ServiceRequest.authoredOn | hh:mm:ss
a time is 24:00 | ServiceRequest.authoredOn | "2026-01-01T24:00:00Z" | error fhir-format ServiceRequest.authoredOn | hh:mm:ss
a minute is the 60th | ServiceRequest.authoredOn | "2026-01-01T10:60:00Z" | error fhir-format ServiceRequest.authoredOn | hh:mm:ss
a second is the 61st | ServiceRequest.authoredOn | "2026-01-01T10:00:61Z" | error fhir-format ServiceRequest.authoredOn | hh:mm:ss
an offset is +15:00 | ServiceRequest.authoredOn | "2026-01-01T10:00:00+15:00" | error fhir-format ServiceRequest.authoredOn | offset
an offset is -14:30 | ServiceRequest.authoredOn | "2026-01-01T10:00:00-14:30" | error fhir-format ServiceRequest.authoredOn | offset
an offset has no colon | ServiceRequest.authoredOn | "2026-01-01T10:00:00+0100" | error fhir-format ServiceRequest.authoredOn | offset
an offset has hours only | ServiceRequest.authoredOn | "2026-01-01T10:00:00+01" | error fhir-format ServiceRequest.authoredOn | offset
a time is written with a space | ServiceRequest.authoredOn | "2026-01-01 10:00:00Z" | error fhir-format ServiceRequest.authoredOn | YYYY-MM-DDThh:mm:ss
a zone is a small letter | ServiceRequest.authoredOn | "2026-01-01T10:00:00z" | error fhir-format ServiceRequest.authoredOn | with Z
a time is on a day that is none | ServiceRequest.authoredOn | "2026-02-30T10:00:00Z" | error fhir-date ServiceRequest.authoredOn | month
a month is given with a time | ServiceRequest.authoredOn | "2026-01T10:00:00Z" | error fhir-format ServiceRequest.authoredOn | YYYY-MM-DDThh:mm:ss
a line follows a date | Patient.birthDate | "1968-02-29\n" | error fhir-format Patient.birthDate | YYYY-MM-DD
digits are not those of ASCII | Patient.birthDate | "١٩٦٨" | error fhir-format Patient.birthDate | YYYY
an instant is a day | Patient.meta.lastUpdated | "2026-02-03" | error fhir-format Patient.meta.lastUpdated | YYYY-MM-DDThh:mm:ss
an instant has no zone | Observation.issued | "2026-01-01T10:00:00" | error fhir-format Observation.issued | with Z or an offset
an instant is on a day that is none | Observation.issued | "2026-06-31T10:00:00Z" | error fhir-date Observation.issued | month
an instant has ten digits of a second | Observation.issued | "2026-01-01T10:00:00.1234567890Z" | error fhir-format Observation.issued | hh:mm:ss
a time of day has a zone | HealthcareService.availableTime[0].availableStartTime | "09:00:00Z" | error fhir-format HealthcareService.availableTime[0].availableStartTime | hh:mm:ss
a time of day has no seconds | HealthcareService.availableTime[0].availableStartTime | "09:00" | error fhir-format HealthcareService.availableTime[0].availableStartTime | hh:mm:ss
a time of day is 24:00 | HealthcareService.availableTime[0].availableEndTime | "24:00:00" | error fhir-format HealthcareService.availableTime[0].availableEndTime | hh:mm:ss

a narrative has a script | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>a</script></div>" | error invariant-txt-1 Patient.text.div | has <script> at character 43, which a narrative may not have
a narrative has an event handler | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p onclick=\"a()\">b</p></div>" | error invariant-txt-1 Patient.text.div | has the attribute onclick in the tag at character 43
a narrative has an element that is no one's | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><Robin>a</Robin></div>" | error invariant-txt-1 Patient.text.div | has an element at character 43
a narrative has an attribute that is no one's | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p robin=\"Ash\">a</p></div>" | error invariant-txt-1 Patient.text.div | has an attribute in the tag at character 43
a narrative has an attribute without a value | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p hidden>a</p></div>" | error invariant-txt-1 Patient.text.div | has a "<" at character 43
a narrative has a link that is a script | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"javascript:a()\">b</a></div>" | error invariant-txt-1 Patient.text.div | has a script as href
a narrative has an element in capitals | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><P>a</P></div>" | error invariant-txt-1 Patient.text.div | has <p> in capitals
a narrative has a sign that begins no tag | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\">a < b</div>" | error invariant-txt-1 Patient.text.div | write &lt; in text
a narrative is not closed | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Aid</div>" | error invariant-txt-1 Patient.text.div | closes <div> at character 49 while <p> is open
a narrative has a break that is not closed | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\">Aid<br></div>" | error invariant-txt-1 Patient.text.div | while <br> is open
a narrative ends before its div | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Aid</p>" | error invariant-txt-1 Patient.text.div | does not close <div>
a narrative has a second root | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\">Aid</div><p>More</p>" | error invariant-txt-1 Patient.text.div | behind the end of its div
a narrative has text behind its root | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\">Aid</div>More" | error invariant-txt-1 Patient.text.div | goes on behind the end of its div
a narrative has another root | Patient.text.div | "<p xmlns=\"http://www.w3.org/1999/xhtml\">Aid</p>" | error invariant-txt-1 Patient.text.div | does not begin with <div>
a narrative is a text | Patient.text.div | "Aid" | error invariant-txt-1 Patient.text.div | put one div around all of it
a narrative says nothing | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"> </div>" | error invariant-txt-2 Patient.text.div | has neither text nor an image
a narrative is one empty tag | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"/>" | error invariant-txt-2 Patient.text.div | has neither text nor an image
a narrative holds a comment alone | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><!-- Aid --></div>" | error invariant-txt-2 Patient.text.div | has neither text nor an image
a narrative says nothing in what it may not have | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><object/></div>" | error invariant-txt-1 Patient.text.div + error invariant-txt-2 Patient.text.div | <object>
a narrative has no namespace | Patient.text.div | "<div>Aid</div>" | error fhir-narrative-namespace Patient.text.div | begin it with <div xmlns="http://www.w3.org/1999/xhtml">
a narrative has another namespace | Patient.text.div | "<div xmlns=\"http://hl7.org/fhir\">Aid</div>" | error fhir-narrative-namespace Patient.text.div | begin it with <div xmlns="http://www.w3.org/1999/xhtml">
a part of a narrative has another namespace | Patient.text.div | "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p xmlns=\"http://hl7.org/fhir\">Aid</p></div>" | error fhir-narrative-namespace Patient.text.div | throughout
a narrative has neither namespace nor text | Patient.text.div | "<div/>" | error invariant-txt-2 Patient.text.div + error fhir-narrative-namespace Patient.text.div | neither text nor an image
a narrative is an object | Patient.text.div | {"p":"Aid"} | error fhir-type Patient.text.div | text in quotes
`;
