using System.Globalization;
using System.Text.RegularExpressions;

namespace Holdfast.Restic.Sftp;

/// <summary>
/// The location of a repository that is accessed by SFTP, in restic's syntax: "sftp:user@host:dir", or
/// "sftp://user@host:port/dir". A directory without a leading slash of its own ("sftp://host//srv/x" has one) is
/// relative to the directory of the login, usually the home directory. Source: restic 0.18,
/// internal/backend/sftp/config.go.
/// </summary>
public sealed partial class SftpLocation
{
    private const string Scheme = "sftp:", Url = "sftp://";
    private const string Form = "Write sftp:USER@HOST:/DIRECTORY or sftp://USER@HOST:PORT//DIRECTORY";

    private SftpLocation(string? user, string host, int? port, string directory) =>
        (User, Host, Port, Directory) = (user, host, port, directory);

    /// <summary>The user on the server; null for the one in the configuration of ssh.</summary>
    public string? User { get; }

    /// <summary>A DNS name, a host of the configuration of ssh, or an address; IPv6 without brackets.</summary>
    public string Host { get; }

    /// <summary>The port of the server; null for the one in the configuration of ssh, or else 22.</summary>
    public int? Port { get; }

    /// <summary>The directory of the repository, without a trailing slash unless it is the root.</summary>
    public string Directory { get; }

    /// <summary>Returns true when a location names an SFTP server.</summary>
    public static bool IsSftp(string location) => location.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>Parses a location that begins with "sftp:".</summary>
    /// <exception cref="ResticException">
    /// Unsupported: it does not name a valid server; the message does not repeat it, because it may contain a password.
    /// </exception>
    public static SftpLocation Parse(string location)
    {
        var isUrl = location.StartsWith(Url, StringComparison.Ordinal);
        var match = isUrl ? UrlForm().Match(location) : ShortForm().Match(location);
        if (!match.Success) throw Malformed($"does not name a server and a directory. {Form}.");
        var (user, host) = (Part(match, "user"), Part(match, "host") ?? match.Groups["address"].Value);
        var directory = isUrl ? Uri.UnescapeDataString(match.Groups["dir"].Value) : match.Groups["dir"].Value;
        if (isUrl && user is not null)
        {
            if (user.Contains(':')) throw Malformed("holds a password, which ssh takes from nobody. Use a key or an agent.");
            user = Uri.UnescapeDataString(user);
        }
        Require(user, host, directory);
        return new SftpLocation(user, host, PortOf(Part(match, "port")), Clean(directory));
    }

    /// <summary>Returns true when two locations have the same user and the same server, compared as text.</summary>
    public bool IsSameServer(SftpLocation other) =>
        (User, Host, Port) == (other.User, other.Host, other.Port);

    /// <summary>Returns the location; it can be parsed again.</summary>
    public override string ToString()
    {
        var user = User is null ? "" : Port is null ? $"{User}@" : $"{Uri.EscapeDataString(User)}@";
        var host = Host.Contains(':') ? $"[{Host}]" : Host;
        return Port is { } port
            ? $"{Url}{user}{host}:{port}/{string.Join('/', Directory.Split('/').Select(Uri.EscapeDataString))}"
            : $"{Scheme}{user}{host}:{Directory}";
    }

    /// <summary>
    /// Refuses names that would be an option to ssh, or that have a special meaning to a shell that it starts for a
    /// proxy.
    /// </summary>
    private static void Require(string? user, string host, string directory)
    {
        if (host[0] == '-' || user is ['-', ..]) throw Malformed("has a user or a host that begins with '-', which ssh would take for an option.");
        if (user is not null && !IsUser().IsMatch(user)) throw Malformed("has a user with characters that ssh does not take.");
        if (directory.Any(char.IsControl)) throw Malformed("has a control character in its directory.");
        if (directory.StartsWith('~'))
        {
            throw Malformed(
                "begins its directory with '~', which servers do not know. A directory without '/' before it is relative to the home: sftp:HOST:DIRECTORY.");
        }
    }

    private static int? PortOf(string? text)
    {
        if (text is null) return null;
        var isPort = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536;
        return isPort ? port : throw Malformed("has a port that is not a number from 1 to 65535.");
    }

    /// <summary>
    /// Removes empty parts and ".", which have no effect; ".." stays, because only the server can resolve links.
    /// </summary>
    private static string Clean(string directory)
    {
        var parts = string.Join('/', directory.Split('/').Where(part => part is not ("" or ".")));
        return directory.StartsWith('/') ? $"/{parts}" : parts.Length > 0 ? parts : ".";
    }

    private static string? Part(Match match, string name) => match.Groups[name] is { Success: true } group ? group.Value : null;

    private static ResticException Malformed(string what) => new(ResticError.Unsupported, $"The location of the repository, after 'sftp:', {what}");

    // A user may contain an @; the last one precedes the host. Source: restic, as above.
    [GeneratedRegex(@"^sftp:((?<user>[^:]+)@)?(\[(?<address>[0-9A-Fa-f:.]+(%[\w.-]+)?)\]|(?<host>[\w.%-]+)):(?<dir>.+)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex ShortForm();

    [GeneratedRegex(@"^sftp://((?<user>[^/]+)@)?(\[(?<address>[0-9A-Fa-f:.]+(%[\w.-]+)?)\]|(?<host>[\w.%-]+))(:(?<port>[0-9]+))?/(?<dir>[^?#]+)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex UrlForm();

    // Characters that OpenSSH 9.6 and later refuse in a user: ssh.c, valid_ruser.
    [GeneratedRegex(@"^[^'`""$;&<>|(){}\s\p{C}]+$", RegexOptions.NonBacktracking)]
    private static partial Regex IsUser();
}
