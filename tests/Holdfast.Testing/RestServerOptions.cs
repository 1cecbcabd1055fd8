using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Testing;

/// <summary>How a <see cref="RestServer"/> is started; by default open to all, over HTTP, not append-only.</summary>
public sealed record RestServerOptions
{
    public bool AppendOnly { get; init; }

    /// <summary>It asks for <see cref="RestServer.User"/> and <see cref="RestServer.Password"/>.</summary>
    public bool WithUser { get; init; }

    /// <summary>It speaks TLS with this certificate, which has its private key.</summary>
    public X509Certificate2? Certificate { get; init; }
}
