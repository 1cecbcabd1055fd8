namespace Holdfast.Restic.Backends;

/// <summary>
/// The location of a repository that is accessed by the REST protocol, in restic's syntax:
/// "rest:https://user:password@host:8000/path/", "rest:http+unix:///path/of/socket:/path/", or "rclone:remote:path".
/// Source: restic 0.18, internal/backend/rest/config.go, internal/backend/rclone/config.go.
/// </summary>
public sealed class RestLocation
{
    private const string Scheme = "rest:", Unix = "http+unix://", Rclone = "rclone:";

    private RestLocation(Uri url) => Url = url;

    /// <summary>The base URL of requests: without user and password, with a trailing slash.</summary>
    public Uri Url { get; }

    /// <summary>The socket that the server listens on; null for a server that is reached by TCP.</summary>
    public string? Socket { get; private init; }

    /// <summary>The remote that rclone is to serve, "remote:path"; null for a server.</summary>
    public string? Remote { get; private init; }

    /// <summary>The user in the location; null when it contains none.</summary>
    public string? User { get; private init; }

    /// <summary>The password in the location; null when it contains none. ToString never contains it.</summary>
    public string? Password { get; private init; }

    /// <summary>Returns true when a location names a REST server, or a remote of rclone.</summary>
    public static bool IsRest(string location) =>
        location.StartsWith(Scheme, StringComparison.Ordinal) || location.StartsWith(Rclone, StringComparison.Ordinal);

    /// <summary>Parses a location that begins with "rest:" or "rclone:".</summary>
    /// <exception cref="ResticException">
    /// Unsupported: it is not a valid location of a server or remote; the message does not repeat it.
    /// </exception>
    public static RestLocation Parse(string location)
    {
        if (location.StartsWith(Rclone, StringComparison.Ordinal)) return ParseRemote(location[Rclone.Length..]);
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

    /// <summary>Returns the location without user and password; it can be parsed again.</summary>
    public override string ToString() => (Remote, Socket) switch
    {
        ({ } remote, _) => Rclone + remote,
        (_, { } socket) => $"{Scheme}{Unix}{socket}:{Url.AbsolutePath}",
        _ => Scheme + Url.AbsoluteUri,
    };

    /// <summary>
    /// Accepts only remotes that have a name: rclone also takes parameters before the colon, secrets among them, and
    /// locations are written to journals and messages. Source: rclone's manual, "Valid remote names".
    /// </summary>
    private static RestLocation ParseRemote(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (name, path) = colon < 0 ? ("", "") : (text[..colon], text[(colon + 1)..]);
        var isName = name.Length > 0 && name.All(IsOfName) && name[0] is not ('-' or ' ') && name[^1] != ' ';
        if (!isName || path.Any(char.IsControl))
        {
            throw new ResticException(
                ResticError.Unsupported,
                "The location of the repository, after 'rclone:', does not begin with the name of a remote. "
                + "Write rclone:REMOTE:PATH with a remote of rclone's configuration.");
        }
        return new RestLocation(new Uri("http://localhost/")) { Remote = text };
    }

    private static bool IsOfName(char letter) => char.IsLetterOrDigit(letter) || letter is '_' or '-' or '.' or '+' or '@' or ' ';

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
