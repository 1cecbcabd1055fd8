using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Restic.Backends;

/// <summary>Who we are to a REST server, whom we trust, and how long we try.</summary>
public sealed class RestOptions
{
    /// <summary>Sent with HTTP's Basic authentication; null for none.</summary>
    public string? User { get; init; }

    /// <summary>The user's password; null for an empty one.</summary>
    public string? Password { get; init; }

    /// <summary>The authorities that issue the server's certificate; null for those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Makes the program that serves a remote of rclone; null where none can be started.</summary>
    public Func<string, IRestProgram>? Program { get; init; }

    /// <summary>
    /// A request that fails by what may pass (no connection, a cut one, HTTP 408, 429, 500, 502, 503, 504) is sent
    /// again for so long. 5 minutes.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The same while the server has not answered once: its name may be mistyped. 20 seconds. Zero for one try, as for
    /// a program that is started for the purpose.
    /// </summary>
    public TimeSpan FirstPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// A request that moves less than 64 KiB in so long, or does not end, counts as a cut connection. 2 minutes.
    /// </summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The pause before the second try; it doubles up to 30 seconds. Half a second.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
