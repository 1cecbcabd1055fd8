using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Serving;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>The socket of the service and its owner: "serve" of the profile.</summary>
/// <param name="Socket">The path of the socket.</param>
/// <param name="Owner">
/// The system user that may connect besides root; null for the user that the service runs as.
/// </param>
/// <param name="Clusters">The clusters of the profile.</param>
public sealed record WalServiceSettings(string Socket, string? Owner, IReadOnlyList<string> Clusters)
{
    public static WalServiceSettings Read(Profile profile, Func<string, string?> environment)
    {
        var serve = profile.Root.Find("serve");
        return new WalServiceSettings(
            environment("HOLDFAST_SOCKET") is null && serve?.Find("socket")?.Text is { } path ? Path.GetFullPath(path, profile.Folder) : ServeClient.DefaultSocket(environment),
            serve?.Find("owner")?.Text ?? (Environment.IsPrivilegedProcess ? "postgres" : null),
            [.. (profile.Root["components"].Find("postgres")?.Items ?? []).Select(cluster => cluster["name"].Text)]);
    }

    /// <summary>The IDs of the owner and its group; null when the socket keeps the service's own user.</summary>
    public async Task<(uint User, uint Group)?> FindOwnerAsync(IHost host, CancellationToken cancellation) =>
        Owner is { } name && name != Environment.UserName ? await PeerIdentity.FindAsync(host, name, cancellation) : null;
}
