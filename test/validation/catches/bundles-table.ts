/** Mutations of Bundles, of Questionnaires, and of a response to one. */
export const BUNDLES = `
a Bundle has no type | Searchset.type | - | error fhir-required Bundle.type | supply type
a fullUrl is relative | Searchset.entry[0].fullUrl | "Patient/p-1" | error bundle-full-url-form Bundle.entry[0].fullUrl | absolute
a fullUrl is of another id | Searchset.entry[0].fullUrl | "https://example.org/fhir/Patient/p-2" | error bundle-full-url-id Bundle.entry[0].fullUrl | correct the one or the other
a fullUrl has a version | Searchset.entry[0].fullUrl | "https://example.org/fhir/Patient/p-1/_history/1" | error invariant-bdl-8 Bundle.entry[0] | bdl-8
a fullUrl is there twice | Searchset.entry[1] | {"fullUrl":"https://example.org/fhir/Patient/p-1","resource":{"resourceType":"Patient","id":"p-1"}} | error invariant-bdl-7 Bundle | bdl-7
a fullUrl is missing in a message | Message.entry[1].fullUrl | - | error bundle-reference-unresolved Bundle.entry[0].resource.focus[0].reference + error bundle-full-url-required Bundle.entry[1].fullUrl | add the entry
a total stands in a transaction | Transaction.total | 3 | error invariant-bdl-1 Bundle | bdl-1
a total is less than what is there | Searchset.total | 0 | error bundle-total Bundle.total | all pages
a score is more than 1 | Searchset.entry[0].search.score | 1.5 | error bundle-search-score Bundle.entry[0].search.score | 0 to 1
a mode is outcome beside a person | Searchset.entry[0].search.mode | "outcome" | error bundle-search-mode Bundle.entry[0].search.mode | match or include
a search stands in a transaction | Transaction.entry[0].search | {"mode":"match"} | error invariant-bdl-2 Bundle | bdl-2
a request is missing in a transaction | Transaction.entry[0].request | - | error invariant-bdl-3 Bundle | bdl-3
a response is missing | Responses.entry[0].response | {"id":"a"} | error fhir-required Bundle.entry[0].response.status | supply status
a response has no status of HTTP | Responses.entry[0].response.status | "Created" | error bundle-response-status Bundle.entry[0].response.status | three digits
a method is none | Transaction.entry[0].request.method | "SEND" | error fhir-code Bundle.entry[0].request.method | write one of
a POST names an id | Transaction.entry[0].request.url | "Patient/p-1" | error bundle-request-url Bundle.entry[0].request.url | does not fit POST
a PUT names no id | Transaction.entry[2].request.url | "Organization" | error bundle-request-url Bundle.entry[2].request.url | does not fit PUT
a PUT names another id | Transaction.entry[2].request.url | "Organization/o-2" | error bundle-request-id Bundle.entry[2].resource.id | same id
a POST names another type | Transaction.entry[0].request.url | "Person" | error bundle-request-type Bundle.entry[0].request.url | another type
a request has an absolute url | Transaction.entry[3].request.url | "https://example.org/fhir/Task/t-1" | error bundle-request-url Bundle.entry[3].request.url | relative
a DELETE has a resource | Transaction.entry[3].resource | {"resourceType":"Basic","code":{"text":"a"}} | error bundle-request-resource Bundle.entry[3].resource | remove it
a POST has no resource | Transaction.entry[1].resource | - | error bundle-request-resource Bundle.entry[1].resource | POST sends one
a condition has a question mark | Transaction.entry[0].request.ifNoneExist | "Patient?name=a" | error bundle-request-condition Bundle.entry[0].request.ifNoneExist | follows the "?"
a resource is written twice | Transaction.entry[3].request.url | "Organization/o-1" | error bundle-request-repeated Bundle.entry[3].request.url | keep one of the two
a URN is that of no entry | Transaction.entry[1].resource.subject.reference | "urn:uuid:aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee" | error bundle-reference-unresolved Bundle.entry[1].resource.subject.reference | add the entry
a URN is that of a resource of the wrong type | Transaction.entry[1].resource.subject.reference | "urn:uuid:0f1e2d3c-4b5a-4697-8877-665544332211" | error fhir-reference-type Bundle.entry[1].resource.subject.reference | it may be Patient
a search stands for a reference outside a transaction | Searchset.entry[0].resource.managingOrganization | {"reference":"Organization?name=a"} | error bundle-conditional-reference Bundle.entry[0].resource.managingOrganization.reference | write Type/id
a resource of an entry is at fault | Transaction.entry[0].resource.gender | "f" | error fhir-code Bundle.entry[0].resource.gender | write one of
an entry has a resource of no type | Transaction.entry[2].resource.resourceType | "Organisation" | error fhir-unknown-type Bundle.entry[2].resource.resourceType | write one
an entry has no resource in it | Searchset.entry[0] | {"link":[{"relation":"self","url":"a"}]} | error invariant-bdl-5 Bundle.entry[0] | bdl-5
a document has no identifier | DocumentBundle.identifier | - | error invariant-bdl-9 Bundle | bdl-9
a document has no time | DocumentBundle.timestamp | - | error invariant-bdl-10 Bundle | bdl-10
a document begins with something else | DocumentBundle.entry[0] | {"fullUrl":"https://example.org/fhir/Patient/p-2","resource":{"resourceType":"Patient","id":"p-2","active":true}} | error invariant-bdl-11 Bundle | bdl-11
a document lacks what its Composition refers to | DocumentBundle.entry[0].resource.subject.reference | "Patient/p-9" | error bundle-document-incomplete Bundle.entry[0].resource.subject.reference + warning bundle-unreachable Bundle.entry[1] | add it as an entry
a document has an entry that nothing refers to | DocumentBundle.entry[2] | {"fullUrl":"https://example.org/fhir/Patient/p-2","resource":{"resourceType":"Patient","id":"p-2","active":true}} | warning bundle-unreachable Bundle.entry[2] | leave it out
a message begins with something else | Message.entry[0].resource | {"resourceType":"Patient","active":true} | error invariant-bdl-12 Bundle | bdl-12
a message has no time | Message.timestamp | - | warning bundle-timestamp Bundle.timestamp | when the message was assembled
a message lacks its focus | Message.entry[0].resource.focus[0].reference | "Patient/p-9" | error bundle-message-focus Bundle.entry[0].resource.focus[0].reference | add it as an entry

a linkId is there twice | Questionnaire.item[1].linkId | "mood" | error invariant-que-2 Questionnaire | que-2
a linkId is missing | Questionnaire.item[4].linkId | - | error fhir-required Questionnaire.item[4].linkId | supply linkId
a group has no items | Questionnaire.item[3].item | - | error invariant-que-1 Questionnaire.item[3] | que-1
a display has items | Questionnaire.item[4].item | [{"linkId":"x","type":"string"}] | error invariant-que-1 Questionnaire.item[4] | que-1
a display has a code | Questionnaire.item[4].code | [{"system":"https://example.org/a","code":"a"}] | error invariant-que-3 Questionnaire.item[4] | que-3
a question has options and a value set | Questionnaire.item[2].answerValueSet | "https://example.org/ValueSet/mood" | error invariant-que-4 Questionnaire.item[2] | que-4
a date has options | Questionnaire.item[3].item[0].answerOption | [{"valueDate":"2026-01-01"}] | error questionnaire-option-type Questionnaire.item[3].item[0].answerOption[0].value | write valueString
a display is required | Questionnaire.item[4].required | true | error invariant-que-6 Questionnaire.item[4] | que-6
whether there is an answer is asked with a text | Questionnaire.item[1].enableWhen[0] | {"question":"alone","operator":"exists","answerString":"a"} | error invariant-que-7 Questionnaire.item[1].enableWhen[0] | que-7
a group has a first answer | Questionnaire.item[3].initial | [{"valueString":"a"}] | error invariant-que-8 Questionnaire.item[3] | que-8
a display is read only | Questionnaire.item[4].readOnly | true | error invariant-que-9 Questionnaire.item[4] | que-9
a date has a greatest length | Questionnaire.item[1].maxLength | 5 | error invariant-que-10 Questionnaire.item[1] | que-10
options stand beside a first answer | Questionnaire.item[2].initial | [{"valueString":"low"}] | error invariant-que-11 Questionnaire.item[2] | que-11
a question that is asked of is not there | Questionnaire.item[1].enableWhen[0].question | "nowhere" | error questionnaire-enable-question Questionnaire.item[1].enableWhen[0].question | the linkId of no item
a condition is of another type than the answer | Questionnaire.item[1].enableWhen[0] | {"question":"alone","operator":"=","answerString":"yes"} | error questionnaire-enable-type Questionnaire.item[1].enableWhen[0].answer | write answerBoolean
a condition orders what has no order | Questionnaire.item[1].enableWhen[0].operator | ">" | error questionnaire-enable-operator Questionnaire.item[1].enableWhen[0].operator | write = or !=
a type of item is none | Questionnaire.item[0].type | "yes-no" | error fhir-code Questionnaire.item[0].type | write one of

an answer has the wrong type | QuestionnaireResponse.item[0].answer[0] | {"valueString":"yes"} | error questionnaire-answer-type QuestionnaireResponse.item[0].answer[0].value | write valueBoolean
an answer is no option | QuestionnaireResponse.item[2].answer[0].valueString | "middling" | error questionnaire-answer-option QuestionnaireResponse.item[2].answer[0].value | one of its 2 options
an answer is too long | QuestionnaireResponse.item[3].item[0].answer[0].valueString | "quiet and small" | error questionnaire-max-length QuestionnaireResponse.item[3].item[0].answer[0].value | at most 10
a question is answered twice | QuestionnaireResponse.item[2].answer[1] | {"valueString":"high"} | error questionnaire-repeats QuestionnaireResponse.item[2].answer | keep one
a required answer is missing | QuestionnaireResponse.item | [{"linkId":"mood","answer":[{"valueString":"low"}]}] | error questionnaire-required QuestionnaireResponse.item | supply "alone"
an item is none of the questionnaire | QuestionnaireResponse.item[2].linkId | "weather" | error questionnaire-item-unknown QuestionnaireResponse.item[2].linkId | correct it
an item stands in the wrong place | QuestionnaireResponse.item[3].item[0].linkId | "mood" | error questionnaire-item-place QuestionnaireResponse.item[3].item[0].linkId | items of a group stand in its item
items are out of order | QuestionnaireResponse.item | [{"linkId":"mood","answer":[{"valueString":"low"}]},{"linkId":"alone","answer":[{"valueBoolean":false}]}] | information questionnaire-item-order QuestionnaireResponse.item[1] | keep its order
an answer is given to what was not asked | QuestionnaireResponse.item[0].answer[0].valueBoolean | false | error questionnaire-disabled QuestionnaireResponse.item[1] | enableWhen
a group has an answer | QuestionnaireResponse.item[3] | {"linkId":"more","answer":[{"valueString":"a"}]} | error questionnaire-group-answer QuestionnaireResponse.item[3].answer | remove it
a display has an answer | QuestionnaireResponse.item[4] | {"linkId":"thanks","answer":[{"valueString":"a"}]} | error questionnaire-display-answer QuestionnaireResponse.item[4].answer | remove it
an item has an answer and items | QuestionnaireResponse.item[3].answer | [{"valueString":"a"}] | error invariant-qrs-1 QuestionnaireResponse.item[3] + error questionnaire-group-answer QuestionnaireResponse.item[3].answer | qrs-1
the questionnaire is not there | QuestionnaireResponse.questionnaire | "#none" | error questionnaire-unknown QuestionnaireResponse.questionnaire | contain it
`;
