using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues.Redis;

/// <summary>Converts error replies and failures of Redis into problems.</summary>
internal static class RedisProblem
{
    /// <summary>A refusal and a name are shown as far as this; in characters.</summary>
    private const int Shown = 300;

    /// <summary>Commands whose first argument is not a key. That of AUTH may be the password.</summary>
    private static readonly string[] _keyless = ["AUTH", "SELECT", "PING", "INFO", "EVAL", "SCAN", "TIME", "DBSIZE", "PUBLISH"];

    private const string OtherProgram = "Check which program listens there ('ss -ltnp', or 'ss -lxp' for a socket): it may not be Redis.";

    /// <summary>A refusal by its first word. Source: Redis' sources, "shared.c" of the error replies, and its manual on ACLs.</summary>
    /// <param name="error">Its text.</param>
    /// <param name="words">The command and its arguments; a key is named, a password never.</param>
    /// <param name="place">Where the server is.</param>
    public static ProblemException Refused(string error, IReadOnlyList<RedisWord> words, string place)
    {
        var reason = Cut(error.TrimEnd('.'));
        if (Authentication(error, place, reason) is { } authentication) return authentication;
        var kind = error.Split(' ', 2)[0] switch
        {
            "NOPERM" => Catalogue.QueuePermission,
            "WRONGTYPE" => Catalogue.QueueNotList,
            "LOADING" or "BUSY" or "MASTERDOWN" or "CLUSTERDOWN" or "TRYAGAIN" => Catalogue.QueueLoading,
            "OOM" => Catalogue.QueueFull,
            "READONLY" or "MISCONF" or "NOREPLICAS" => Catalogue.QueueUnwritable,
            _ when error.Contains("DUMP payload", StringComparison.Ordinal) || error.Contains("Bad data format", StringComparison.Ordinal) => Catalogue.QueuePayload,
            _ when error.Contains("executing the script can't", StringComparison.Ordinal) || error.Contains("ACL failure in script", StringComparison.Ordinal) => Catalogue.QueuePermission,
            _ => Catalogue.QueueRefused,
        };
        return kind.Throwable($"Redis on {place} refused {Command(words)}: {reason}.");
    }

    public static bool Recognises(Exception exception) =>
        exception is SocketException or IOException or AuthenticationException or TimeoutException or CryptographicException or InvalidDataException;

    public static ProblemException Of(Exception exception, string what, string place) => exception switch
    {
        AuthenticationException or CryptographicException => Catalogue.QueueTls.Throwable($"{what} on {place} failed: {Reason(exception)}.", exception),
        InvalidDataException => Catalogue.QueueUnreachable.Throwable($"{what} on {place} failed: {Reason(exception)}.", OtherProgram, exception),
        _ => Catalogue.QueueUnreachable.Throwable($"{what} on {place} failed: {Reason(exception)}.", exception),
    };

    /// <summary>A reply that has another shape than Redis' reply to that command.</summary>
    public static ProblemException Strange(string command, string place) =>
        Catalogue.QueueUnreachable.Throwable($"The reply to {command} on {place} is not one of Redis.", OtherProgram);

    /// <summary>Replies that go on for ever, one after the other.</summary>
    public static ProblemException Endless(string command, string place, TimeSpan limit) =>
        Catalogue.QueueUnreachable.Throwable($"Redis on {place} did not come to the end of its replies to {command} within {limit.TotalMinutes:0} minutes.", OtherProgram);

    /// <summary>The innermost message: the outer ones only say that something went wrong.</summary>
    public static string Reason(Exception exception)
    {
        while (exception.InnerException is { } inner) exception = inner;
        return exception.Message.TrimEnd('.');
    }

    /// <summary>
    /// Distinguishes a server without a password, one that requires a password, and a wrong password: they need
    /// different remedies.
    /// </summary>
    private static ProblemException? Authentication(string error, string place, string reason)
    {
        if (error.StartsWith("NOAUTH", StringComparison.Ordinal))
            return Catalogue.QueueAuthentication.Throwable($"Redis on {place} asks for a password, and the profile has none: {reason}.", "Name it as 'connection.password' of the broker in the profile.");
        if (error.Contains("without any password", StringComparison.Ordinal) || error.Contains("no password is set", StringComparison.Ordinal))
            return Catalogue.QueueAuthentication.Throwable(
                $"Redis on {place} has no password configured, and the profile has one: {reason}.",
                "Configure it on the server ('requirepass' or an ACL user; on a new machine restore its files with '--only files' and restart it), or remove 'connection.password' from the profile.");
        if (error.StartsWith("WRONGPASS", StringComparison.Ordinal) || error.Contains("invalid password", StringComparison.OrdinalIgnoreCase))
            return Catalogue.QueueAuthentication.Throwable($"Redis on {place} refused the user or the password: {reason}.");
        return null;
    }

    private static string Command(IReadOnlyList<RedisWord> words)
    {
        var command = words[0].ToString();
        return words.Count < 2 || _keyless.Contains(command, StringComparer.Ordinal) ? command : $"{command} of the key '{Cut(words[1].ToString())}'";
    }

    private static string Cut(string text) => text.Length <= Shown ? text : $"{text[..Shown]} ...";
}
