using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues;

/// <summary>What refusals and failures of Redis mean to a person.</summary>
internal static class RedisProblem
{
    /// <summary>A refusal by its first word. Source: Redis' sources, "shared.c" of the error replies, and its manual on ACLs.</summary>
    public static ProblemException Refused(string error, string command, string place)
    {
        var kind = error.Split(' ', 2)[0] switch
        {
            "NOAUTH" or "WRONGPASS" => Catalogue.QueueAuthentication,
            "NOPERM" => Catalogue.QueuePermission,
            "WRONGTYPE" => Catalogue.QueueNotList,
            "LOADING" or "BUSY" or "MASTERDOWN" or "CLUSTERDOWN" or "TRYAGAIN" => Catalogue.QueueLoading,
            "OOM" => Catalogue.QueueFull,
            "READONLY" or "MISCONF" or "NOREPLICAS" => Catalogue.QueueUnwritable,
            _ when error.Contains("invalid password", StringComparison.OrdinalIgnoreCase) || error.Contains("without any password", StringComparison.Ordinal) => Catalogue.QueueAuthentication,
            _ when error.Contains("executing the script can't", StringComparison.Ordinal) || error.Contains("ACL failure in script", StringComparison.Ordinal) => Catalogue.QueuePermission,
            _ => Catalogue.QueueRefused,
        };
        return kind.Throwable($"Redis on {place} refused {command}: {error.TrimEnd('.')}.");
    }

    public static bool Recognises(Exception exception) =>
        exception is SocketException or IOException or AuthenticationException or TimeoutException or CryptographicException or InvalidDataException;

    public static ProblemException Of(Exception exception, string what, string place) => exception switch
    {
        AuthenticationException or CryptographicException => Catalogue.QueueTls.Throwable($"{what} on {place} failed: {Reason(exception)}.", exception),
        _ => Catalogue.QueueUnreachable.Throwable($"{what} on {place} failed: {Reason(exception)}.", exception),
    };

    /// <summary>The innermost message: the outer ones only say that something went wrong.</summary>
    public static string Reason(Exception exception)
    {
        while (exception.InnerException is { } inner) exception = inner;
        return exception.Message.TrimEnd('.');
    }
}
