using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Web;

/// <summary>The location of an HTTP server, and the credentials for it.</summary>
public sealed record WebSettings(string Url)
{
    /// <summary>For a password or a token; null when the server requires none.</summary>
    public string? User { get; init; }

    public ProfileNode? Password { get; init; }

    /// <summary>A bearer token, in place of user and password.</summary>
    public ProfileNode? Token { get; init; }

    /// <summary>An API key of Elasticsearch, in place of user and password: its encoded form, or "ID:KEY".</summary>
    public ProfileNode? ApiKey { get; init; }

    /// <summary>A PEM file of the trusted authorities; null for those of the system.</summary>
    public string? Authorities { get; init; }

    /// <summary>Reads the keys "url", "user", "password", "token", "api-key" and "ca" of a valid profile.</summary>
    public static WebSettings Read(ProfileNode node) => new(node["url"].Text)
    {
        User = node.Find("user")?.Text, Password = node.Find("password"), Token = node.Find("token"), ApiKey = node.Find("api-key"), Authorities = node.Find("ca")?.Text,
    };
}
