using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Cli.Sessions;

/// <summary>"wal fetch" by the service, which has the repository open and has read the next segments already.</summary>
internal static class FetchClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>
    /// True when the file was written, false when the archive does not have it; null when the service is not running.
    /// </summary>
    /// <exception cref="ProblemException">The service could not read the file, or it cannot be written.</exception>
    public static async Task<bool?> TryAsync(string socket, string cluster, string name, string target)
    {
        if (Connect(socket) is not { } client) return null;
        using (client)
        {
            var answer = client.Ask("fetch", cluster, name);
            if (answer.Problem is { } problem) throw new ProblemException(problem);
            if (!answer.IsThere) return false;
            await WholeFile.WriteAsync(target, (file, _) =>
            {
                var buffer = new byte[256 << 10];
                for (var left = answer.Length ?? 0; left > 0;)
                {
                    var piece = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
                    client.Fill(piece);
                    file.Write(piece);
                    left -= piece.Length;
                }
                return Task.CompletedTask;
            }, CancellationToken.None);
            return true;
        }
    }

    private static ServeClient? Connect(string socket)
    {
        try
        {
            return File.Exists(socket) ? ServeClient.Connect(socket, Patience) : null;
        }
        catch (ProblemException away) when (away.Problem.Code == Catalogue.ServeAway.Code)
        {
            return null; // what a dead service has left: the repository is opened without it
        }
    }
}
