using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Restic.Backends;

/// <summary>The credentials for a REST server, and the authorities that are trusted.</summary>
public sealed class RestOptions : RemoteOptions
{
    /// <summary>The user for HTTP Basic authentication; null for none.</summary>
    public string? User { get; init; }

    /// <summary>The user's password; null for an empty one.</summary>
    public string? Password { get; init; }

    /// <summary>The trusted issuers of the server's certificate; null for those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Starts the program that serves a remote of rclone; null where none can be started.</summary>
    public Func<string, IPipedProgram>? Program { get; init; }
}
