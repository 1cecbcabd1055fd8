using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Restic.Backends;

/// <summary>Who we are to a REST server, and whom we trust.</summary>
public sealed class RestOptions : RemoteOptions
{
    /// <summary>Sent with HTTP's Basic authentication; null for none.</summary>
    public string? User { get; init; }

    /// <summary>The user's password; null for an empty one.</summary>
    public string? Password { get; init; }

    /// <summary>The authorities that issue the server's certificate; null for those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Makes the program that serves a remote of rclone; null where none can be started.</summary>
    public Func<string, IPipedProgram>? Program { get; init; }
}
