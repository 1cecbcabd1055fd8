namespace Holdfast.Restic.Backends;

/// <summary>
/// The place of a repository on a REST server, as restic writes it: "rest:https://user:password@host:8000/path/", or
/// "rest:http+unix:///path/of/socket:/path/". Source: restic 0.18, internal/backend/rest/config.go.
/// </summary>
public sealed class RestLocation
{
    private const string Scheme = "rest:", Unix = "http+unix://";

    private RestLocation(Uri url) => Url = url;

    /// <summary>Where requests go: without user and password, with a slash at its end.</summary>
    public Uri Url { get; }

    /// <summary>The socket that the server listens on; null for a server that is reached by TCP.</summary>
    public string? Socket { get; private init; }

    /// <summary>The user that the location names; null when it names none.</summary>
    public string? User { get; private init; }

    /// <summary>The password that the location holds; null when it holds none. No text of this holds it.</summary>
    public string? Password { get; private init; }

    /// <summary>True when a location names a REST server.</summary>
    public static bool IsRest(string location) => location.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>Reads a location that begins with "rest:".</summary>
    /// <exception cref="ResticException">Unsupported: it is no URL of such a server; it is not repeated.</exception>
    public static RestLocation Parse(string location)
    {
        var text = location[Scheme.Length..];
        if (text.StartsWith(Unix, StringComparison.Ordinal)) return ParseSocket(text[Unix.Length..]);
        var isUrl = Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var url);
        if (!isUrl || url!.Scheme is not ("http" or "https") || url.Query.Length > 0 || url.Fragment.Length > 0)
            throw Malformed("Write rest:http://HOST:PORT/PATH/ or rest:https://HOST:PORT/PATH/");
        var identity = url.UserInfo.Split(':', 2);
        return new RestLocation(new UriBuilder(url) { UserName = "", Password = "" }.Uri)
        {
            User = url.UserInfo.Length > 0 ? Uri.UnescapeDataString(identity[0]) : null,
            Password = identity.Length > 1 ? Uri.UnescapeDataString(identity[1]) : null,
        };
    }

    /// <summary>The location without user and password; it can be parsed again.</summary>
    public override string ToString() =>
        Socket is null ? Scheme + Url.AbsoluteUri : $"{Scheme}{Unix}{Socket}:{Url.AbsolutePath}";

    private static RestLocation ParseSocket(string text)
    {
        var end = text.IndexOf(":/", StringComparison.Ordinal);
        var socket = end < 0 ? text : text[..end];
        var path = end < 0 ? "/" : text[(end + 1)..];
        if (!socket.StartsWith('/') || path.AsSpan().IndexOfAny('?', '#') >= 0)
            throw Malformed("Write rest:http+unix:///PATH/OF/SOCKET:/PATH/");
        return new RestLocation(new Uri($"http://localhost{path.TrimEnd('/')}/")) { Socket = socket };
    }

    private static ResticException Malformed(string form) => new(
        ResticError.Unsupported, $"The location of the repository, after 'rest:', is not the URL of a server. {form}.");
}
