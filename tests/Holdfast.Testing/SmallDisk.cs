namespace Holdfast.Testing;

/// <summary>A file system of 64 KiB, which is soon full, unless another size is said. It needs root.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly TempFolder? _folder;

    /// <param name="path">A directory to mount it on, where everybody may write; by default a temporary folder of one's own.</param>
    /// <param name="size">In bytes.</param>
    public SmallDisk(string? path = null, int size = 64 << 10)
    {
        Require.Root();
        _folder = path is null ? new TempFolder() : null;
        (Path, Size) = (path ?? _folder!.Path, size);
        Directory.CreateDirectory(Path);
        Run("mount", "-t", "tmpfs", "-o", $"size={Size},mode={(path is null ? "0700" : "0777")}", "none", Path);
    }

    /// <summary>Its size in bytes.</summary>
    public int Size { get; }

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Takes all the room that is left.</summary>
    public void Fill() => File.WriteAllBytes(Filler, new byte[Size]);

    /// <summary>Takes so much of the room that is left.</summary>
    public void Fill(int bytes) => File.WriteAllBytes(Filler, new byte[bytes]);

    /// <summary>Gives back what was taken.</summary>
    public void Clear() => File.Delete(Filler);

    /// <inheritdoc/>
    public void Dispose()
    {
        Run("umount", "--lazy", Path);
        _folder?.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Command.Start(program, arguments);
        process.WaitForExit();
        Require.That(process.ExitCode == 0, $"'{program}' is not possible here.");
    }
}
