namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Finds, among the directives of nginx, servers that listen with TLS and have no certificate, of their own or from an
/// enclosing block.
/// </summary>
internal sealed class NginxServers
{
    // The deepest block that is read; configurations have no server at a greater depth.
    private const int DeepestBlock = 100;

    private sealed record Block(string Name, string File)
    {
        public bool Listens { get; set; }

        public bool HasCertificate { get; set; }
    }

    private readonly Stack<Block> _blocks = new([new Block("", "")]);
    private readonly List<string> _bare = [];
    private bool _isGivenAbove;
    private int _tooDeep;

    /// <summary>The configuration files of such servers.</summary>
    public IEnumerable<string> WithoutCertificate => _isGivenAbove ? [] : _bare.Distinct(StringComparer.Ordinal);

    /// <summary>Processes the next directive.</summary>
    public void Add(IReadOnlyList<string> words, char end, string file)
    {
        if (end == '{') Open(words[0], file);
        else if (end == '}') Close();
        else if (words is ["listen", _, ..]) _blocks.Peek().Listens |= words.Skip(2).Any(word => word is "ssl" or "quic");
        else if (words is ["ssl", "on"]) _blocks.Peek().Listens = true;
        // No certificate is presented where the handshake is rejected; a certificate that only the running server can
        // determine counts as one.
        else if (words is ["ssl_certificate" or "ssl_reject_handshake", ..]) Give();
    }

    private void Open(string name, string file)
    {
        if (_blocks.Count > DeepestBlock) _tooDeep++;
        else _blocks.Push(new Block(name, file));
    }

    private void Close()
    {
        if (_tooDeep > 0) _tooDeep--;
        else if (_blocks.Count > 1 && _blocks.Pop() is { Name: "server", Listens: true, HasCertificate: false } bare) _bare.Add(bare.File);
    }

    private void Give()
    {
        _blocks.Peek().HasCertificate = true;
        if (_blocks.Peek().Name is not "server") _isGivenAbove = true; // the directive may follow the servers
    }
}
