using System.Diagnostics;
using Holdfast.Testing;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>
/// A mount namespace of its own, for small and for read-only file systems: what is mounted in it nobody else sees, and it is
/// gone when the process that holds it ends, even when the test is killed.
/// </summary>
internal sealed class MountSpace : IDisposable
{
    private readonly Process _holder;

    private MountSpace(Process holder) => _holder = holder;

    /// <summary>What a command line begins with to run in here.</summary>
    public IReadOnlyList<string> Prefix => ["nsenter", "--mount", "--target", $"{_holder.Id}", "--"];

    public static async Task<MountSpace> MakeAsync()
    {
        Require.Root();
        Require.Program("nsenter");
        var tried = await Command.RunAsync("unshare", ["--mount", "true"]);
        Require.That(tried.ExitCode == 0, $"This machine does not allow mounts. {tried.Errors}");
        // cat ends with its input, which closes when this process ends, however it ends.
        var holder = Command.Start("unshare", ["--mount", "sh", "-c", "echo ready; exec cat"]);
        await holder.StandardOutput.ReadLineAsync();
        return new MountSpace(holder);
    }

    /// <summary>Mounts a new, empty file system of a size ("16m") in memory.</summary>
    public Task MountSmallAsync(string place, string size) => DoAsync("mount", "-t", "tmpfs", "-o", $"size={size},mode=0755", "none", place);

    /// <summary>Makes that file system larger, with all in it.</summary>
    public Task EnlargeAsync(string place, string size) => DoAsync("mount", "-o", $"remount,size={size}", place);

    /// <summary>Mounts a file on another, as containers get their configuration.</summary>
    public Task MountFileAsync(string file, string place) => DoAsync("mount", "--bind", file, place);

    /// <summary>Lets nobody write below a folder, not even root.</summary>
    public async Task MakeReadOnlyAsync(string place)
    {
        await DoAsync("mount", "--bind", place, place);
        await DoAsync("mount", "-o", "remount,bind,ro", place);
    }

    public void Dispose()
    {
        _holder.Kill();
        _holder.WaitForExit();
        _holder.Dispose();
    }

    private async Task DoAsync(params IEnumerable<string> line) => (await Command.RunAsync(Prefix[0], [.. Prefix.Skip(1), .. line])).Succeeded();
}
