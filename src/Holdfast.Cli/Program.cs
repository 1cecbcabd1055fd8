using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Engine.Hosts;

namespace Holdfast.Cli;

/// <summary>The entry. Everything is put together in <see cref="Application"/>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        ThisProcess.KeepPrivate();
        // Answered before anything else is loaded: scripts and monitoring ask often, and PostgreSQL starts a process for each segment.
        if (args is ["--version"]) return TellVersion();
        if (PushClient.TryRun(args) is { } pushed) return pushed;
        return (int)await Application.RunAsync(args, Surroundings.OfProcess(), Interruption.Listen());
    }

    private static int TellVersion()
    {
        using var output = Console.OpenStandardOutput();
        output.Write(System.Text.Encoding.ASCII.GetBytes($"holdfast {ProgramVersion.Text}\n"));
        return 0;
    }
}
