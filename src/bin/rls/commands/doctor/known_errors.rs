//! Errors of docker, podman, containerd, kubelet, skopeo, crane, helm, buildx and kaniko: what they mean, and the
//! command that shows why.
//!
//! docs/errors.md has the same rows, and the README the most frequent ones; a test compares them.

/// An error that clients print.
pub(super) struct KnownError {
    /// The texts as clients print them, for the table. Matching ignores case, and `…` stands for anything.
    pub texts: &'static [&'static str],
    /// More texts of the same error, which the table leaves out.
    pub more: &'static [&'static str],
    /// What it means and what to do, in one or two sentences; commands are between backticks.
    pub meaning: &'static str,
    /// The command that shows why: `HOST` and `REPO` stand for the registry and the repository in the text.
    pub command: &'static str,
}

const fn known(
    texts: &'static [&'static str],
    more: &'static [&'static str],
    meaning: &'static str,
    command: &'static str,
) -> KnownError {
    KnownError { texts, more, meaning, command }
}

/// Known errors; of several that match a text, the first says most. What only reports another error comes last.
pub(super) const KNOWN_ERRORS: &[KnownError] = &[
    known(
        &["Cannot connect to the Docker daemon", "docker.sock … permission denied"],
        &["dial unix", "is the docker daemon running"],
        "docker's daemon is not running, or this user has no access to it (group `docker`). rls needs no daemon.",
        "rls tags HOST/REPO",
    ),
    known(
        &["proxyconnect tcp", "407 Proxy Authentication Required"],
        &["proxy authentication required", "received http code 407"],
        "The proxy fails or requires login: check `HTTPS_PROXY`; `NO_PROXY` lists hosts to reach directly.",
        "rls doctor HOST",
    ),
    known(
        &["x509: certificate signed by unknown authority (possibly because of …)"],
        &[],
        "A trusted CA has the right name but another key: the CA was renewed. Replace its certificate.",
        "rls doctor HOST",
    ),
    known(
        &["x509: certificate signed by unknown authority"],
        &[
            "unable to get local issuer certificate",
            "unable to verify the first certificate",
            "self-signed certificate",
            "self signed certificate",
            "unknown ca",
            "unknown authority (x509)",
            "certificate is not trusted",
        ],
        "The CA is not trusted here, or the server omits its chain. Client: `--ca-file`, `rls trust HOST --write \
         docker`. Server: `fullchain.pem`, not `cert.pem`.",
        "rls doctor HOST",
    ),
    known(
        &["x509: certificate relies on legacy Common Name field"],
        &["is not valid for any names", "certificate has no names"],
        "The certificate has no subjectAltName: reissue it with one; `rls doctor` prints a command.",
        "rls doctor HOST",
    ),
    known(
        &["x509: cannot validate certificate for 10.1.2.3 because it doesn't contain any IP SANs"],
        &["doesn't contain any ip sans"],
        "The certificate does not contain this IP address: use the registry's name, or reissue the certificate with \
         the address.",
        "rls doctor HOST",
    ),
    known(
        &["x509: certificate is valid for A, not B"],
        &[
            "certificate is valid for ",
            "certificate is not valid for",
            "no alternative certificate subject name matches",
        ],
        "The certificate is for other names: use one of them; `--resolve NAME:PORT:ADDR` connects to another address.",
        "rls doctor HOST",
    ),
    known(
        &["x509: certificate has expired or is not yet valid"],
        &["certificate has expired", "certificate is not yet valid"],
        "Renew the certificate and restart the registry, or set the clock of this machine; `rls doctor` compares both.",
        "rls doctor HOST",
    ),
    known(
        &["x509: certificate specifies an incompatible key usage"],
        &["incompatible key usage", "unsuitable certificate purpose"],
        "The certificate is not for servers: reissue it with extendedKeyUsage=serverAuth.",
        "rls doctor HOST",
    ),
    known(
        &["x509: certificate is not authorized to sign other certificates"],
        &[],
        "The trusted certificate is not a CA's: trust the CA that issued it.",
        "rls doctor HOST",
    ),
    known(
        &["remote error: tls: bad certificate", "certificate required"],
        &["tls: certificate required", "sslv3 alert bad certificate"],
        "The registry requires a client certificate: `--client-cert`, `--client-key`; docker reads `client.cert` \
         and `client.key` in `/etc/docker/certs.d/HOST`.",
        "rls doctor HOST",
    ),
    known(
        &["tls: private key does not match public key"],
        &["key values mismatch"],
        "In the registry's log: certificate and key belong to different pairs, often `chain.pem` instead of \
         `fullchain.pem`.",
        "rls trust --check *.pem",
    ),
    known(
        &["http: server gave HTTP response to HTTPS client"],
        &["first record does not look like a tls handshake", "wrong version number", "packet length too long"],
        "The port speaks plain HTTP: `http://HOST/REPO` or `--plain-http`; docker needs `insecure-registries`.",
        "rls doctor HOST",
    ),
    known(
        &["Client sent an HTTP request to an HTTPS server"],
        &["malformed http response \"\\x15", "plain http request was sent to https port"],
        "The port speaks TLS: leave out `http://` and `--plain-http`.",
        "rls doctor HOST",
    ),
    known(
        &["remote error: tls: handshake failure", "tls: protocol version not supported"],
        &["unrecognized name", "tls: internal error", "no supported versions satisfy", "unsupported protocol version"],
        "No TLS version or cipher suite in common, or the server has no certificate for this name (SNI).",
        "rls doctor HOST",
    ),
    known(
        &["net/http: TLS handshake timeout"],
        &["tls handshake timed out", "handshake timeout"],
        "The server accepts connections but does not answer: it is overloaded, or a proxy or a small MTU drops \
         packets.",
        "rls doctor HOST",
    ),
    known(
        &["Your authorization token has expired"],
        &["authorization token has expired", "no basic auth credentials: token has expired"],
        "Passwords of Amazon ECR expire after twelve hours: `aws ecr get-login-password` prints a new one.",
        "rls doctor HOST",
    ),
    known(
        &["unauthorized: incorrect username or password"],
        &["incorrect username or password", "invalid username/password", "wrong user name or password"],
        "The registry rejects the password. `rls doctor` names the file it comes from.",
        "rls login HOST",
    ),
    known(
        &["no basic auth credentials"],
        &["not logged in to", "authentication required: credentials not found"],
        "Not logged in: the client found no credentials for this host and port.",
        "rls login HOST",
    ),
    known(
        &["pull access denied … may require 'docker login'"],
        &["pull access denied", "repository does not exist or may require", "insufficient_scope: authorization failed"],
        "The repository does not exist, or requires login: registries hide private repositories. Check the name first.",
        "rls doctor HOST/REPO",
    ),
    known(
        &["denied: requested access to the resource is denied", "403 Forbidden"],
        &[
            "requested access to the resource is denied",
            "insufficient_scope",
            "status code 403",
            "http 403 response",
            ": denied: ",
            "error: denied",
        ],
        "No permission for this repository, not logged in, or it does not exist. `rls doctor` shows what is granted.",
        "rls doctor HOST/REPO",
    ),
    known(
        &["unauthorized: authentication required", "401 Unauthorized"],
        &["authentication required", "status code 401", "unauthorized: "],
        "Not logged in, or a wrong password, or no permission; `rls doctor` shows which.",
        "rls doctor HOST/REPO",
    ),
    known(
        &["error getting credentials", "docker-credential-…: executable file not found in $PATH"],
        &["docker-credential-", "error storing credentials", "error saving credentials"],
        "A credential helper is missing or fails. rls reads anonymously and warns; `-u NAME` bypasses the helper.",
        "rls doctor HOST",
    ),
    known(
        &["toomanyrequests"],
        &["429 too many requests", "status code 429", "you have reached your pull rate limit", "rate limit exceeded"],
        "Rate limited: wait, or log in, which often raises the limit; `--jobs 1` sends one request at a time.",
        "rls doctor HOST/REPO",
    ),
    known(
        &["name unknown", "repository name not known to registry"],
        &["name_unknown", "does not exist in the registry with id"],
        "No such repository; rls suggests similar names.",
        "rls repos HOST",
    ),
    known(
        &["no matching manifest for linux/arm64"],
        &[
            "no match for platform in manifest",
            "no image found in manifest list",
            "no matching manifest for",
            "no child with platform",
            "exec format error",
        ],
        "The image exists, but not for this platform.",
        "rls manifest HOST/REPO",
    ),
    known(
        &["manifest.v1+prettyjws not supported"],
        &[
            "unsupported mediatype … manifest.v1+",
            "manifest.v1+prettyjws … not found",
            "schema 1 is not supported",
            "missing signature key",
        ],
        "The image has a manifest format from before 2017 (schema 1), which clients no longer read: push it again.",
        "rls manifest HOST/REPO",
    ),
    known(
        &["manifest does not contain minimum number of descriptors"],
        &[],
        "helm found an image instead of a chart: select a chart's tag with `--version`.",
        "rls tags -l HOST/REPO",
    ),
    known(
        &["TAG_IMMUTABLE", "cannot be overwritten because the repository is immutable"],
        &["tag is immutable", "immutable tag"],
        "A rule of the registry protects this tag: push another tag, or change the rule.",
        "rls tags HOST/REPO",
    ),
    known(
        &["blob upload unknown", "unknown blob"],
        &["blob_upload_unknown", "blob_upload_invalid", "blob unknown"],
        "The upload continued on a server that does not know it: several servers do not share their storage or \
         `REGISTRY_HTTP_SECRET`, or a proxy changes `Location`. In a pull, a layer is missing.",
        "rls check HOST/REPO",
    ),
    known(
        &["filesystem layer verification failed for digest", "unexpected commit digest"],
        &["failed size validation", "digest did not match", "digest_invalid", "error verifying … checksum"],
        "The content does not match its digest: a proxy or the registry altered or truncated it.",
        "rls check HOST/REPO",
    ),
    known(
        &["413 Request Entity Too Large"],
        &["http 413 response", "status code 413"],
        "A proxy in front of the registry limits the size of uploads (nginx: `client_max_body_size 0`).",
        "rls doctor HOST",
    ),
    known(
        &["no space left on device"],
        &["quota exceeded"],
        "A disk is full, or a quota reached: of this machine in a pull, of the registry in a push.",
        "rls du HOST/REPO",
    ),
    known(
        &["manifest unknown"],
        &[
            "manifest_unknown",
            "manifest for … not found",
            "failed to resolve reference … : not found",
            "error: image … not found",
            "manifest tagged by … is not found",
            "artifact … not found",
        ],
        "No such tag or digest in the repository.",
        "rls tags HOST/REPO",
    ),
    known(
        &["manifest invalid", "415 Unsupported Media Type"],
        &["manifest_invalid", "unsupported media type", "mediatype in manifest should be", "status code 415"],
        "The registry does not accept the pushed manifest: it does not know its media type, or the client wrote none. \
         Update the registry, or push in the other format (OCI, docker).",
        "rls doctor HOST/REPO --need push",
    ),
    known(
        &["unsupported: The operation is unsupported", "405 Method Not Allowed"],
        &["the operation is unsupported", "status code 405"],
        "Deletion is disabled, or the registry is read-only, a pull-through cache, or does not support deletion: \
         [docs/registries.md](docs/registries.md).",
        "rls doctor HOST/REPO --need delete",
    ),
    known(
        &["invalid reference format"],
        &[
            "repository name must be lowercase",
            "must be lowercase",
            "invalidimagename",
            "can only contain the runes",
            "could not parse reference",
        ],
        "The name is not valid: it has upper-case letters, a space, or a scheme such as `https://`.",
        "rls tags HOST/REPO",
    ),
    known(
        &["short-name … did not resolve to an alias"],
        &["no unqualified-search registries"],
        "The name has no registry: write it in full for podman, such as `docker.io/library/alpine`.",
        "rls tags HOST/REPO",
    ),
    known(
        &["no such host"],
        &["name or service not known", "could not resolve host"],
        "DNS does not know the name: check it; `--resolve NAME:PORT:ADDR` bypasses DNS.",
        "rls doctor HOST",
    ),
    known(
        &["server misbehaving", "Temporary failure in name resolution"],
        &[],
        "The name server failed; the name may exist. Check `/etc/resolv.conf`; `--resolve NAME:PORT:ADDR` bypasses \
         DNS.",
        "rls doctor HOST",
    ),
    known(
        &["connection refused"],
        &["connect: connection refused"],
        "Nothing listens on that port: the registry is down, or the port is wrong.",
        "rls doctor HOST",
    ),
    known(
        &["i/o timeout", "context deadline exceeded"],
        &["client.timeout exceeded while awaiting headers", "request canceled while waiting for connection"],
        "No answer: a firewall drops packets, or a proxy is needed; `--connect-timeout` waits longer.",
        "rls doctor HOST",
    ),
    known(
        &["no route to host", "network is unreachable"],
        &[],
        "This machine has no route to that address: a firewall rejects it, a VPN is down, or the address is wrong.",
        "rls doctor HOST",
    ),
    known(
        &["connection reset by peer", "unexpected EOF"],
        &[
            ": eof",
            "broken pipe",
            "server sent goaway",
            "stream error: stream id",
            "connection was forcibly closed",
            "transport connection broken",
            "cannot reuse body, request must be retried",
        ],
        "The server, or a proxy or load balancer in front of it, closed the connection. Try again; `rls doctor` \
         shows how far a request gets.",
        "rls doctor HOST/REPO",
    ),
    known(
        &["502 Bad Gateway", "503 Service Unavailable"],
        &[
            "bad gateway",
            "service unavailable",
            "gateway timeout",
            "408 request time",
            "500 internal server error",
            "status code 500",
            "status code 502",
            "status code 503",
            "status code 504",
        ],
        "The registry or a proxy in front of it failed: check its log.",
        "rls doctor HOST",
    ),
    known(
        &["404 Not Found", "invalid status code from registry 404"],
        &["status code 404", "response code 404"],
        "The server has no such path, or is not a registry: check host, port and path, and whether `/v2/` is \
         forwarded to it.",
        "rls doctor HOST/REPO",
    ),
    known(
        &["400 Bad Request"],
        &["status code 400"],
        "The registry or a proxy in front of it rejected the request; `rls doctor` shows its message.",
        "rls doctor HOST/REPO",
    ),
    known(
        &["Unable to retrieve some image pull secrets"],
        &[],
        "The pod's namespace has no pull secret of that name: `kubectl get secrets`.",
        "rls doctor HOST/REPO",
    ),
    known(
        &["ErrImagePull", "ImagePullBackOff"],
        &["failed to pull image", "back-off pulling image"],
        "Kubernetes could not pull the image; `kubectl describe pod POD` has the reason further down: explain that \
         text.",
        "rls doctor HOST/REPO",
    ),
];
