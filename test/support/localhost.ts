/** A certificate that says localhost, and its key: for tests only, as everybody has them. Good for a hundred years. */
export const localhost = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUJBMm382j/K7nqTNSjyLhndw4prQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDEzMTMwMFoYDzIxMjYxMDI3
MTMxMzAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASkE74pYvrFGfDFnpt3emQzijyxo9S//SUNLbCaBcasQvz66uIefsR1
YxPc9m8xIRUAAOOfiFdrUcCh5Cvf1ziBo28wbTAdBgNVHQ4EFgQU9vUvX6KdsjZg
53LxYCNlZdIvMgcwHwYDVR0jBBgwFoAU9vUvX6KdsjZg53LxYCNlZdIvMgcwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgDQtCkUDDv2rkJj7Oz2QAt1RSQauZe5r6CTmzmNli3JgCIQDk
/0HuU+dNOLdQuyV0kHvnPdHmCyiW6UoWqck97o2eNQ==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyA56gci8l6jjIxlh
OLJud03GkDCJMrtd+vxnl04hi9ahRANCAASkE74pYvrFGfDFnpt3emQzijyxo9S/
/SUNLbCaBcasQvz66uIefsR1YxPc9m8xIRUAAOOfiFdrUcCh5Cvf1ziB
-----END PRIVATE KEY-----`,
}
