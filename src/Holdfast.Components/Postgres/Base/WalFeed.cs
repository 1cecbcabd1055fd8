using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Components.Postgres.Base;

/// <summary>
/// Hands a recovering server its WAL, one segment after the other, as long as the restore waits for it: so WAL of any length takes the room
/// of a few segments. The server asks by 'holdfast wal fetch', which needs neither the repository nor its password for that.
/// </summary>
internal sealed class WalFeed : IAsyncDisposable
{
    /// <summary>Longer paths are none for a socket. Source: unix(7), sun_path.</summary>
    private const int LongestPath = 100;

    private readonly CancellationTokenSource _end = new();
    private readonly ServeSocket _socket;
    private readonly Task _serving;

    private WalFeed(ServeSocket socket, WalSupply supply)
    {
        _socket = socket;
        _serving = new ServeLoop(socket, (words, _, cancellation) => AnswerAsync(supply, words, cancellation)).RunAsync(_end.Token, _end.Token);
    }

    /// <summary>The socket of a data directory: in it, where nobody but the server's user comes.</summary>
    public static string? SocketIn(string data) => $"{data}/.holdfast-wal.sock" is { Length: <= LongestPath } path ? path : null;

    /// <summary>What restore_command is.</summary>
    public static string Command(string program, string socket) => $"\"{program.Replace("%", "%%", StringComparison.Ordinal)}\" wal fetch %f %p --socket \"{socket.Replace("%", "%%", StringComparison.Ordinal)}\"";

    /// <summary>Whether a user can run the program: it may lie where only root can go.</summary>
    public static async Task<bool> CanRunAsync(IHost host, string program, string? user, CancellationToken cancellation)
    {
        if (program.AsSpan().ContainsAny("\"$`\\")) return false;
        try
        {
            var (result, _) = await host.RunAsync(new ProgramCall(program, ["--version"]) { User = user }, cancellation);
            return result.ExitCode == 0;
        }
        catch (ProblemException)
        {
            return false;
        }
    }

    /// <exception cref="ProblemException">The socket can not be made.</exception>
    public static async Task<WalFeed> OpenAsync(IHost host, string socket, string? user, WalSupply supply, CancellationToken cancellation)
    {
        var owner = Environment.IsPrivilegedProcess && user is not null ? await PeerIdentity.FindAsync(host, user, cancellation) : ((uint, uint)?)null;
        return new WalFeed(ServeSocket.Listen(socket, owner), supply);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _serving;
        _socket.Dispose();
        _end.Dispose();
    }

    private static async Task<ServeAnswer> AnswerAsync(WalSupply supply, IReadOnlyList<string> words, CancellationToken cancellation) => words is ["fetch", _, var name]
        ? await supply.OpenAsync(name, cancellation) is { } found ? new ServeAnswer { Content = found.Content, Length = found.Length } : new ServeAnswer { IsThere = false }
        : ServeAnswer.Of(Catalogue.ServeRequest.With($"A restore does not know what '{words[0]}' is."));
}
