namespace Holdfast.Testing;

/// <summary>A folder of a test, private to its user; it is removed with all in it when it is disposed of.</summary>
public sealed class TempFolder : IDisposable
{
    /// <summary>The absolute path.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("holdfast-test-").FullName;

    /// <summary>The absolute path of a name in it; nothing is made.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a text file in it, with the folders on the way, and returns its absolute path.</summary>
    public string Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Makes a folder in it and returns its absolute path.</summary>
    public string Folder(string name) => Directory.CreateDirectory(this[name]).FullName;

    /// <inheritdoc/>
    public override string ToString() => Path;

    /// <inheritdoc/>
    public void Dispose()
    {
        // rm, because names that are not UTF-8 can't be removed through System.IO.
        using var rm = Command.Start("rm", ["-rf", "--one-file-system", "--", Path]);
        rm.WaitForExit();
    }
}
