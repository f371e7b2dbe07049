"""The GraphQL queries that are sent to GitHub, all of them; each reads (reference §8)."""

from __future__ import annotations

FACTS = """
query($slug: String!) {
  enterprise(slug: $slug) {
    slug name databaseId viewerIsAdmin
    billingInfo { totalLicenses totalAvailableLicenses }
  }
}
"""

_IDENTITY = """
  externalIdentities(first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      user { login }
      samlIdentity { nameId username emails { value } attributes { name value } }
      scimIdentity { username emails { value } }
    }
  }
"""

IDENTITIES = f"""
query($slug: String!, $first: Int!, $after: String) {{
  enterprise(slug: $slug) {{
    slug
    ownerInfo {{
      samlIdentityProvider {{ {_IDENTITY} }}
      oidcProvider {{ {_IDENTITY} }}
    }}
  }}
}}
"""

ORGANIZATIONS = """
query($slug: String!, $first: Int!, $after: String) {
  enterprise(slug: $slug) {
    slug
    organizations(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { login samlIdentityProvider { id } }
    }
  }
}
"""

ORGANIZATION_IDENTITIES = f"""
query($slug: String!, $first: Int!, $after: String) {{
  organization(login: $slug) {{ login samlIdentityProvider {{ {_IDENTITY} }} }}
}}
"""

DOMAINS = """
query($slug: String!, $first: Int!, $after: String) {
  enterprise(slug: $slug) {
    slug
    ownerInfo {
      domains(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { domain isVerified isApproved createdAt }
      }
    }
  }
}
"""

ORGANIZATION_DOMAINS = """
query($slug: String!, $first: Int!, $after: String) {
  organization(login: $slug) {
    login
    domains(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { domain isVerified isApproved createdAt }
    }
  }
}
"""

INVITATIONS = """
query($slug: String!, $first: Int!, $after: String) {
  enterprise(slug: $slug) {
    slug
    ownerInfo {
      pendingMemberInvitations(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { createdAt email invitationSource role invitee { login } organization { login } }
      }
    }
  }
}
"""

COLLABORATOR_INVITATIONS = """
query($slug: String!, $first: Int!, $after: String) {
  enterprise(slug: $slug) {
    slug
    ownerInfo {
      pendingCollaboratorInvitations(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { email invitee { login } repository { nameWithOwner } }
      }
    }
  }
}
"""

ORGANIZATION_FACTS = """
query($slug: String!) {
  organization(login: $slug) { login name databaseId viewerCanAdminister }
}
"""

ORGANIZATION_MEMBERS = """
query($slug: String!, $first: Int!, $after: String) {
  organization(login: $slug) {
    login
    membersWithRole(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      edges {
        role hasTwoFactorEnabled
        node { login name databaseId organizationVerifiedDomainEmails(login: $slug) }
      }
    }
  }
}
"""

_OUTSIDE = "pageInfo { hasNextPage endCursor } nodes { login }"

PRIVATE_COLLABORATORS = f"""
query($slug: String!, $first: Int!, $after: String) {{
  organization(login: $slug) {{
    login
    repositories(first: $first, after: $after, privacy: PRIVATE, isFork: false) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ name collaborators(affiliation: OUTSIDE, first: 100) {{ {_OUTSIDE} }} }}
    }}
  }}
}}
"""

REPOSITORY_COLLABORATORS = f"""
query($slug: String!, $name: String!, $first: Int!, $after: String) {{
  organization(login: $slug) {{
    login
    repository(name: $name) {{ collaborators(affiliation: OUTSIDE, first: $first, after: $after) {{ {_OUTSIDE} }} }}
  }}
}}
"""

INSTALLATIONS = """
query($slug: String!, $first: Int!, $after: String) {
  enterprise(slug: $slug) {
    slug
    ownerInfo {
      enterpriseServerInstallations(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { hostName isConnected }
      }
    }
  }
}
"""

MEMBERS = """
query($slug: String!, $first: Int!, $after: String) {
  enterprise(slug: $slug) {
    slug
    members(first: $first, after: $after, deployment: CLOUD) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        ... on User { login databaseId }
        ... on EnterpriseUserAccount { user { login databaseId } }
      }
    }
  }
}
"""
