"""Everything that may stand in a cassette as it came. What is not listed here is left out or replaced.

These are words of the CRMs' public interfaces, of our own fields and of common standard options: none says
anything of an account, a person or a deal. A cassette that would need another word fails to replay while it
is being recorded; look whether the word is as harmless as these, then add it.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SALESFORCE_MEMBERS = _words(
    """
    access_token instance_url id token_type error error_description
    records totalSize done attributes type url fields name label length precision scale digits calculated
    updateable filterable restrictedPicklist picklistValues value active
    ids allOrNone success errors statusCode message errorCode nextRecordsUrl
    """
)
SALESFORCE_FIELDS = _words(
    """
    Id Name Username SystemModstamp CreatedDate LastModifiedDate IsDeleted IsClosed Subject Status Type
    TaskSubtype Owner OwnerId Who WhoId What WhatId AccountId ActivityDate CallType CallDurationInSeconds
    CallDisposition CompletedDateTime StartDateTime DurationInMinutes Description LinkedEntityId
    ContentDocumentId ContentDocument LatestPublishedVersionId FileExtension ContentSize Checksum
    ContentLocation ContentModifiedDate ContactId OpportunityId Opportunity StageName Amount
    LastStageChangeDate RecordType RecordTypeId DeveloperName Call_Start__c Recording_1__c Recording_2__c
    Recording_3__c Velma_Status__c Velma_Reason__c Velma_Analyzed_At__c Velma_Action_Plan_Confirmed__c
    Velma_Next_Step__c Velma_Competitors__c Velma_Avg_Sentiment__c Velma_Last_Call_At__c
    """
)
SALESFORCE_WORDS = _words(
    """
    services oauth2 token data query queryAll composite sobjects describe VersionData q grant_type
    client_credentials Bearer invalid_client invalid_grant
    Task Event Opportunity Account Contact Lead User Group Organization OpportunityContactRole
    OpportunityHistory ContentDocumentLink ContentVersion
    SELECT COUNT FROM WHERE AND OR IN ORDER BY LIMIT null true false
    Call Inbound Outbound Internal Completed S Voicemail Busy
    id string textarea boolean picklist multipicklist double int percent currency url phone email date
    datetime reference combobox
    INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST INVALID_FIELD INVALID_FIELD_FOR_INSERT_UPDATE NOT_FOUND
    INVALID_SESSION_ID aac aif aiff amr flac m4a mp3 mp4 oga ogg opus wav webm wma
    """
) | {"invalid client credentials", "No Answer", "Left Voicemail", "Wrong Number"}

HUBSPOT_MEMBERS = _words(
    """
    results total id properties propertiesWithHistory value timestamp createdAt updatedAt archived
    status category subCategory message context errors numErrors error isValid name objectWriteTraceId ids
    requiredGranularScopes propertyName correlationId from to toObjectId fromObjectId associationTypes
    associations types associationCategory associationTypeId typeId paging next after inputs idProperty
    filterGroups filters operator sorts direction limit label type fieldType groupName options hidden
    calculated externalOptions hasUniqueValue modificationMetadata readOnlyValue readOnlyOptions
    displayOrder stages metadata isClosed firstName lastName email userId portalId accountType timeZone
    dataHostingLocation
    """
) | {"expire time"}
HUBSPOT_FIELDS = _words(
    """
    hs_object_id hs_createdate hs_lastmodifieddate createdate hs_timestamp hs_call_title hs_call_body
    hs_call_direction hs_call_status hs_call_disposition hs_call_duration hs_call_recording_url
    hs_call_source hs_call_has_voicemail hs_call_video_recording_url hubspot_owner_id dealname dealstage
    pipeline amount closedate hs_is_closed hs_is_closed_won hs_v2_date_entered_current_stage firstname
    lastname name hs_note_body velma_note_key velma_status velma_reason velma_analyzed_at
    velma_action_plan_confirmed velma_next_step velma_competitors velma_avg_sentiment velma_summary
    velma_last_call_at
    """
)
HUBSPOT_WORDS = _words(
    """
    crm objects associations properties pipelines owners account-info details search batch read create
    update calls deals contacts companies notes getAuthRecording portal engagement groups
    EQ NEQ LT LTE GT GTE IN HAS_PROPERTY ASCENDING DESCENDING COMPLETE COMPLETED PERSON QUEUE STANDARD
    SANDBOX DEVELOPER_TEST APP_DEVELOPER na1 na2 na3 eu1 ap1 ca1 HUBSPOT_DEFINED USER_DEFINED Primary
    INBOUND OUTBOUND NO_ANSWER BUSY FAILED CANCELED MISSED IN_PROGRESS INTEGRATIONS_PLATFORM
    bool enumeration booleancheckbox checkbox select radio html textarea velma phonenumber file
    OBJECT_NOT_FOUND VALIDATION_ERROR INVALID_OPTION PROPERTY_DOESNT_EXIST CONFLICT MISSING_SCOPES
    INVALID_AUTHENTICATION EXPIRED_AUTHENTICATION crm.associations.NO_ASSOCIATIONS_FOUND
    """
) | {
    "Busy",
    "Left live message",
    "Left voicemail",
    "No answer",
    "Wrong number",
    "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
}

OUTCOMES = _words(
    """
    ok rejected retry gone unknown crm url inbound outbound internal contact lead other text long_text
    number choice multi_choice StopConnection RetryLater SkipCall
    """
)
MEDIA_TYPES = _words("application/json application/octetstream application/octet-stream text/html text/plain")

FIELDS = SALESFORCE_FIELDS | HUBSPOT_FIELDS
"""Names of fields. A schema's entries for any other field are left out, as most customers have their own."""
KEYS = FIELDS | SALESFORCE_MEMBERS | HUBSPOT_MEMBERS
"""Names of JSON members, query parameters and parts of paths. Members of any other name are left out."""
WORDS = KEYS | SALESFORCE_WORDS | HUBSPOT_WORDS | OUTCOMES
"""Texts that stay wherever they stand. All others become an id, a stamp, a number or an invented text."""

NUMBERS = _words(
    """
    totalSize length precision scale digits CallDurationInSeconds DurationInMinutes total numErrors limit
    displayOrder typeId associationTypeId hs_call_duration
    """
)
"""Members whose small numbers stay, beside those of our own fields. All other numbers become zero."""
AMOUNTS = _words("amount")
"""Members whose text is a number, and has to stay one."""
OWN_PREFIXES = ("Velma_", "velma_")

SALESFORCE_PREFIXES = _words("00D 005 00G 00T 00U 001 003 006 008 00Q 00k 012 068 069 06A")
"""First three characters of ids, which tell the object."""
NUMBERED = _words(
    """
    id ids toObjectId fromObjectId hs_object_id hubspot_owner_id userId portalId objectWriteTraceId value
    after dealstage pipeline
    """
)
"""Members whose digits are an id of HubSpot."""
PEOPLE = _words("Username email hs_email")
"""Members that hold an e-mail address."""
REDIRECTOR = "https://api-na1.hubspot.com"
"""Where recordings that HubSpot holds are fetched, for whatever host of HubSpot's was named."""
PUBLIC_ORIGINS = _words(
    """
    https://login.salesforce.com https://test.salesforce.com https://api.hubapi.com https://app.hubspot.com
    """
)

RESPONSE_HEADERS = _words(
    """
    content-type location retry-after sforce-limit-info x-hubspot-ratelimit-max
    x-hubspot-ratelimit-remaining x-hubspot-ratelimit-interval-milliseconds x-hubspot-ratelimit-daily
    x-hubspot-ratelimit-daily-remaining
    """
)
"""Headers of answers that the clients read, in small letters."""
