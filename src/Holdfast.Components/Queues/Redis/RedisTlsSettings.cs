using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Queues.Redis;

/// <summary>The extent to which the certificate of a server is verified.</summary>
internal enum RedisTlsVerification
{
    /// <summary>Its issuer and its name are checked.</summary>
    Full,

    /// <summary>Its issuer alone, for servers that are reached by an address that their certificate does not name.</summary>
    Authority,

    /// <summary>Nothing: protects against listeners only.</summary>
    None,
}

/// <summary>TLS of a connection to Redis.</summary>
internal sealed record RedisTlsSettings
{
    /// <summary>A PEM file of the authorities that are trusted; null for those of the system.</summary>
    public string? Authorities { get; init; }

    public RedisTlsVerification Verification { get; init; }

    /// <summary>PEM files of the client certificate and its key, where the server requires one.</summary>
    public string? Certificate { get; init; }

    public string? Key { get; init; }

    /// <summary>Reads the settings; null for "tls: false".</summary>
    public static RedisTlsSettings? Read(ProfileNode node)
    {
        if (node.IsScalar) return node.Boolean ? new RedisTlsSettings() : null;
        return new RedisTlsSettings
        {
            Authorities = node.Find("ca")?.Text,
            Certificate = node.Find("certificate")?.Text,
            Key = node.Find("key")?.Text,
            Verification = node.Find("verify")?.Text switch
            {
                "none" => RedisTlsVerification.None,
                "ca" => RedisTlsVerification.Authority,
                _ => RedisTlsVerification.Full,
            },
        };
    }
}
