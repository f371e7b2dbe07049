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
    ownerInfo {{ samlIdentityProvider {{ {_IDENTITY} }} }}
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
